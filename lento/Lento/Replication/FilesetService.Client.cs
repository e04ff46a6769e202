// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics;
using Grpc.Core;
using InterMezzo.Journal;
using InterMezzo.Protocol.Replication;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;
using Microsoft.Extensions.Logging;
using ReplicationClient = InterMezzo.Protocol.Replication.Replication.ReplicationClient;

namespace InterMezzo.Lento.Replication;

/// <summary>The link to the server: connects, joins if need be, and starts again whenever it breaks.</summary>
internal sealed partial class FilesetService
{
    /// <summary>A broken link is tried again soon, a dead one rarely; the network coming back cuts the wait short.</summary>
    private static readonly TimeSpan _firstDelay = TimeSpan.FromMilliseconds(200), _lastDelay = TimeSpan.FromSeconds(30);

    private readonly IServerLink? _server;
    private ReplicationClient? _client;
    private Joiner? _joiner;

    // What is told to the server until it knows it.
    private LogPlace? _restart;
    private long? _inSyncMilliseconds;

    public async Task<FetchedTree> FetchAsync(Fid fid, CancellationToken cancellationToken) =>
        await new Fetcher(Replica, _client!, Counters).FetchAsync(fid, cancellationToken);

    private async Task SyncClientAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            SyncSession? session = null;
            await _changed.WaitUntilAsync(() => (session = Sessions.LastOrDefault(it => it.Side == Side.Client)) is not null || Compared is not null, cancellationToken);
            if (session is null)
            {
                // The server has no log that could tell more.
                return;
            }

            try
            {
                await session.SettleAsync(cancellationToken);
                await session.CatchUpAsync(cancellationToken);
                return;
            }
            catch (Exception exception) when (IsBroken(exception) && !cancellationToken.IsCancellationRequested)
            {
                // The connection broke meanwhile; the next one is waited for.
                await _changed.WaitUntilAsync(() => !Sessions.Contains(session), cancellationToken);
            }
        }
    }

    private static bool IsBroken(Exception exception) =>
        exception is OperationCanceledException or RpcException or IOException or InvalidOperationException;

    private async Task KeepLinkAsync(CancellationToken cancellationToken)
    {
        var delay = _firstDelay;
        while (!cancellationToken.IsCancellationRequested)
        {
            var changed = _server!.NetworkChangedAsync(cancellationToken);
            var before = Counters.Progress;
            long? greeted = null;
            try
            {
                if (await ConnectAsync(() => greeted = Time.GetTimestamp(), cancellationToken))
                {
                    delay = _firstDelay;
                    continue;
                }

                SetState(LinkState.Disconnected, "the server ended the connection");
                _logger.SessionEnded(Settings.Name, State.Server, "the server ended it");
            }
            catch (Exception) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (RpcException exception)
            {
                TellWhy(ReasonOf(exception, greeted is not null));
            }
            catch (Exception exception) when (exception is HttpRequestException or HttpIOException)
            {
                TellWhy(HowItBroke(exception, greeted is not null));
            }
            catch (Exception exception) when (LocalFault.NeedsReopening(exception, Side.Client))
            {
                SetState(LinkState.Disconnected, exception.Message);
                _broken.TrySetResult(exception);
                return;
            }
            catch (Exception exception)
            {
                SetState(LinkState.Disconnected, exception.Message);
                _logger.SessionFailed(Settings.Name, delay, exception);
            }

            // A connection that was good for something is soon made again; one that always ends the same way isn't.
            if (Counters.Progress > before || (greeted is { } since && Time.GetElapsedTime(since) > delay))
            {
                delay = _firstDelay;
            }

            using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await Task.WhenAny(changed, Task.Delay(delay, Time, waiting.Token));
            waiting.Cancel();
            delay = delay * 2 < _lastDelay ? delay * 2 : _lastDelay;
        }
    }

    /// <summary>For people: what the server says, or how the connection broke.</summary>
    private static string ReasonOf(RpcException exception, bool wasGreeted) =>
        exception.Status.DebugException is { } cause ? HowItBroke(cause, wasGreeted) : exception.Status.Detail;

    private static string HowItBroke(Exception exception, bool wasGreeted)
    {
        var broken = exception.GetBaseException().Message;
        return wasGreeted ? $"the connection broke: {broken}"
            : "the server ended the connection before its greeting; perhaps it doesn't know the key of this machine: "
              + $"there, `intermezzo-ctl peer add` lets it in ({broken})";
    }

    /// <summary>The same reason again is no news.</summary>
    private void TellWhy(string reason)
    {
        var isNews = SetState(LinkState.Disconnected, reason);
        _logger.LinkFailed(isNews ? LogLevel.Warning : LogLevel.Debug, Settings.Name, reason);
    }

    /// <summary>True: the next connection is to be made at once.</summary>
    private async Task<bool> ConnectAsync(Action connected, CancellationToken cancellationToken)
    {
        var began = Time.GetTimestamp();
        var invoker = await _server!.ConnectAsync(cancellationToken);
        _client = new ReplicationClient(invoker);
        using var call = _client.Sync(cancellationToken: cancellationToken);
        await GreetAsync(call, cancellationToken);
        if (!await call.ResponseStream.MoveNext(cancellationToken))
        {
            throw new InvalidMessageException("the server hung up without a greeting");
        }

        call.ResponseStream.Current.Validate();
        var welcome = call.ResponseStream.Current.Welcome ?? throw new InvalidMessageException("the server didn't greet");
        connected();
        if (WentBack(welcome))
        {
            if (_restart is not null)
            {
                // Again and again it would be told, each time with a record more.
                throw new InvalidMessageException("the server doesn't take it that the log of this replica has begun anew");
            }

            _logger.LogWentBack(Settings.Name, Replica.Self);
            _restart = await Apply.RunAsync(() => State.BeginAgain(welcome.Replica, welcome.Progress.Counts));
            return true;
        }

        _restart = null;
        if (welcome.Mode != Welcome.Types.Mode.Live)
        {
            await JoinAsync(welcome, cancellationToken);
            if (welcome.Mode == Welcome.Types.Mode.SnapshotOnly)
            {
                SetState(LinkState.Compared);
                await _server.NetworkChangedAsync(cancellationToken);
            }

            return true;
        }

        var stream = new ClientFrameStream(call.ResponseStream, call.RequestStream);
        SetState(LinkState.Connected);
        if (welcome.Features.Contains(Inexact))
        {
            var has = welcome.Progress is { } told && WireTypes.ReadLog(told.Applied.Log) == Replica.Journal?.Info.Log ? told : new Progress();
            await Apply.RunAsync(() => State.Unsay(welcome.Replica, Math.Max(has.Applied?.Offset ?? 0, has.Source == 0 ? 0 : has.Source + 1)));
        }

        var start = StartOf(welcome);
        State.KeepsOwn = start.Theirs is null;
        if (State.KeepsOwn && Deferred.All.Count > 0)
        {
            await Apply.RunAsync(() => TryDeferred(all: false));
        }

        if (Settings.Clients > 0 && welcome.Features.Contains(WithPermits))
        {
            throw new RpcException(new Status(
                StatusCode.FailedPrecondition, $"the server gives write permits for fileset \"{Settings.Name}\": it serves all of its machines itself, and this one can have no clients"));
        }

        var hasPermits = start.Theirs is not null && welcome.Features.Contains(WithPermits);
        await RunWithPermitAsync(hasPermits, begun => RunSessionAsync(
            start,
            stream,
            session =>
            {
                begun(session);
                _ = MeasureAsync(session, began);
            },
            cancellationToken));
        return false;
    }

    private async Task GreetAsync(AsyncDuplexStreamingCall<ClientMessage, ServerMessage> call, CancellationToken cancellationToken)
    {
        var hello = new ClientMessage { Hello = Greeting() };
        try
        {
            await call.RequestStream.WriteAsync(hello, cancellationToken);
        }
        catch (Exception exception) when (exception is IOException or InvalidOperationException)
        {
            // The call has ended: how, its answer tells.
            await call.ResponseStream.MoveNext(cancellationToken);
            throw;
        }
    }

    private Hello Greeting()
    {
        var hello = new Hello
        {
            Fileset = Settings.Name,
            Replica = Replica.Self,
            Log = WireTypes.Write(Settings.SendsOwn ? Replica.Journal!.Info.Log : LogId.None),
            Progress = ProgressOf(State.Server),
            Restart = _restart is { } from ? new Restart { Offset = from.Offset, Check = from.Check } : null,
        };
        hello.Features.Add(_features);
        if (State.Of(State.Server) is { } state)
        {
            hello.Staged.Add(Staged(State.Server, state.Batch.Log));
        }

        return hello;
    }

    /// <summary>The own log isn't what the server was sent of it: the disk was restored from an older state.</summary>
    /// <exception cref="RpcException">It is all there: the server has heard of another disk with this log, a copy.</exception>
    private bool WentBack(Welcome welcome)
    {
        if (!Settings.SendsOwn || welcome.Features.Contains(ReadOnly) || welcome.Progress is not { } theirs || WireTypes.ReadLog(theirs.Applied.Log) != Replica.Journal!.Info.Log ||
            LogCheck.Has(Replica.Journal, new LogPlace(theirs.Applied.Offset, theirs.Check)))
        {
            return false;
        }

        return welcome.Former is not { } former || !LogCheck.HasSurely(Replica.Journal, new LogPlace(former.Offset, former.Check)) ? true
            : throw new RpcException(new Status(
                StatusCode.FailedPrecondition,
                "a copy of this machine's disk is in touch with the server under the same identity; nothing is lost, but only one of the two can go on: "
                + "give this one a new identity (remove key.pem and replica-id, `intermezzo-ctl init`), pair it and join again"));
    }

    /// <summary>What was made before the join, or judged by the server since, isn't sent (again).</summary>
    private SessionStart StartOf(Welcome welcome)
    {
        Progress? theirs = null;
        if (Settings.SendsOwn && !welcome.Features.Contains(ReadOnly))
        {
            var echo = State.Of(welcome.Replica)?.Echo ?? 0;
            var info = Replica.Journal!.Info;
            var applied = welcome.Progress is { } told && WireTypes.ReadLog(told.Applied.Log) == info.Log ? told.Applied.Offset : 0;
            if (applied < info.First)
            {
                // It has nothing, or stopped in the middle of the first batch, or went back in time beyond what is retained: a join tells that.
                applied = Math.Max(echo & ~(ulong)(KmlFormat.Align - 1), info.First);
            }

            theirs = new Progress
            {
                Applied = WireTypes.Write(new InterMezzo.Replication.Position(info.Log, applied)),
                Source = Math.Max(welcome.Progress?.Source ?? 0, echo == 0 ? 0 : echo - 1),
            };
        }

        return new SessionStart(Side.Client, welcome.Replica, WireTypes.ReadLog(welcome.Log), theirs, [.. welcome.Staged], Writable: true, Relays: true, welcome.Features.Contains(WithResolved) && !welcome.Features.Contains(ReadOnly));
    }

    private async Task JoinAsync(Welcome welcome, CancellationToken cancellationToken)
    {
        _logger.JoinBegan(Settings.Name, welcome.Reason);
        SetState(LinkState.Joining);
        var isOurs = welcome.Progress is { } theirs && WireTypes.ReadLog(theirs.Applied.Log) == Replica.Journal?.Info.Log;

        // After the own log went back in time the server has what was made here before, perhaps, and surely not since.
        var beganAgain = State.Of(welcome.Replica) is { Batch.Log.IsNone: true };
        var received = isOurs && !beganAgain ? Math.Max(welcome.Progress!.Applied.Offset, welcome.Progress.Source) : 0;
        if (beganAgain || welcome.Forgot)
        {
            // The same place in another history of a log holds something else.
            Replica.Stage.Clean(_ => false);
        }

        _joiner = new Joiner(Replica, State, Deferred, Apply, _client!, welcome.Forgot ? null : received, Time, Counters, _logger);
        await WithoutClientsAsync(() => _joiner.RunAsync(cancellationToken));
    }

    /// <summary>How long it took from the connection to equal trees.</summary>
    private async Task MeasureAsync(SyncSession session, long began)
    {
        try
        {
            await session.SettleAsync(_stopping.Token);
            await session.CatchUpAsync(_stopping.Token);
            _inSyncMilliseconds = (long)Time.GetElapsedTime(began).TotalMilliseconds;
            _logger.InSync(Settings.Name, _inSyncMilliseconds.Value);
        }
        catch (Exception exception) when (IsBroken(exception))
        {
            // The connection broke before it was measured; the next one is.
            _logger.BarrierUnanswered(Settings.Name, exception);
        }
    }
}
