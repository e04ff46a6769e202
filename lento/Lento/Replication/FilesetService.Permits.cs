// SPDX-License-Identifier: GPL-2.0-or-later
using Grpc.Core;
using InterMezzo.Protocol.Replication;
using InterMezzo.Replication;
using Microsoft.Extensions.Logging;
using Kind = InterMezzo.Protocol.Replication.Permit.Types.Kind;

namespace InterMezzo.Lento.Replication;

/// <summary>The write permit: who of all that are connected may write.</summary>
internal sealed partial class FilesetService
{
    /// <summary>A feature of a welcome: one at a time writes.</summary>
    private const string WithPermits = "permits";

    private readonly PermitKeeper? _keeper;
    private readonly PermitUser? _user;
    private Task _keeping = Task.CompletedTask;

    /// <summary>Null: nobody needs one.</summary>
    public PermitStatus? Permit => _keeper?.Status() ?? (_user is { Holds: true } ? new PermitStatus(Replica.Self, default, []) : null);

    /// <exception cref="RpcException">There is no permit here, or this machine hasn't got it.</exception>
    public void ReleasePermit()
    {
        if (_user?.GiveBack() != true)
        {
            throw new RpcException(new Status(StatusCode.FailedPrecondition, $"this machine doesn't have the write permit of fileset \"{Settings.Name}\""));
        }
    }

    /// <exception cref="RpcException">There are no permits here.</exception>
    public void BreakPermit()
    {
        if (_keeper is null)
        {
            throw new RpcException(new Status(
                StatusCode.FailedPrecondition, $"this machine doesn't give write permits for fileset \"{Settings.Name}\"; its server does, if fileset.permits is set there"));
        }

        _keeper.Break();
    }

    /// <summary>A peer speaks of the permit.</summary>
    /// <exception cref="InvalidMessageException"/>
    public void Hear(SyncSession session, Kind kind)
    {
        switch (kind)
        {
            case Kind.Want when _keeper is not null:
                _keeper.Want(session.Peer);
                break;
            case Kind.Release when _keeper is not null:
                _keeper.Release(session.Peer);
                break;
            case Kind.Grant or Kind.TakeBack when _user is not null:
                _user.Hear(kind);
                break;
            default:
                throw new InvalidMessageException("a word about a permit that there isn't");
        }
    }

    /// <summary>Says it to a client. False: it is out of reach.</summary>
    private async Task<bool> SayAsync(ulong peer, Kind kind)
    {
        if (Sessions.LastOrDefault(session => session.Peer == peer) is not { } session)
        {
            return false;
        }

        try
        {
            await session.SayAsync(kind);
            return true;
        }
        catch (Exception exception) when (IsBroken(exception))
        {
            _logger.CallEnded(exception.Message);
            return false;
        }
    }

    /// <summary>Whether something has moved between a client and this server since this was asked last.</summary>
    private bool IsAtWork(ulong peer) => Sessions.LastOrDefault(session => session.Peer == peer)?.HasMoved() == true;

    private async Task KeepPermitsAsync(PermitKeeper keeper, CancellationToken cancellationToken)
    {
        try
        {
            await keeper.RunAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The next start gives them anew.
        }
        catch (Exception exception)
        {
            _logger.PermitsFailed(Settings.Name, exception);
            _broken.TrySetResult(exception);
        }
    }

    /// <summary>Runs a client's session, with the gate as the server and the policy want it.</summary>
    private async Task RunWithPermitAsync(bool hasPermits, Func<Action<SyncSession>, Task> run)
    {
        if (_user is null)
        {
            await run(_ => { });
            return;
        }

        if (!hasPermits)
        {
            await _user.TurnAsync(isConnected: true);
        }

        using var ending = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        var using_ = Task.CompletedTask;
        try
        {
            await run(session => using_ = hasPermits ? UsePermitAsync(_user, session, ending.Token) : Task.CompletedTask);
        }
        finally
        {
            ending.Cancel();
            await using_;
            await _user.TurnAsync(isConnected: false);
        }
    }

    /// <summary>What goes wrong with the permit ends the session.</summary>
    private async Task UsePermitAsync(PermitUser user, SyncSession session, CancellationToken cancellationToken)
    {
        try
        {
            await user.RunAsync(session, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // The session has ended.
        }
        catch (Exception exception) when (exception is RpcException or IOException or InvalidOperationException)
        {
            _logger.CallEnded(exception.Message);
            await session.EndAsync();
        }
        catch (Exception exception)
        {
            _logger.PermitsFailed(Settings.Name, exception);
            await session.EndAsync();
        }
    }
}
