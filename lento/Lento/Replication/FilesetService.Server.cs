// SPDX-License-Identifier: GPL-2.0-or-later
using Grpc.Core;
using InterMezzo.Protocol.Replication;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Lento.Replication;

/// <summary>What clients ask for.</summary>
internal sealed partial class FilesetService
{
    /// <summary>What this side is able to do; named, never numbered.</summary>
    private static readonly string[] _features = ["batches", "echo", "resume", WithResolved];

    /// <summary>A feature of a welcome: what the client makes is not wanted here.</summary>
    private const string ReadOnly = "read-only";

    /// <summary>A power cut may take what a client was told of, but for what is acknowledged.</summary>
    private const string Inexact = "inexact";

    // A client that serves others joins its own server: what is here may get other identities.
    private volatile bool _isJoining;

    /// <summary>Runs a peer's call. Without room here the peer is told so, and the replica is opened anew.</summary>
    public async Task ServeAsync(Func<Task> call)
    {
        RequireSettled();
        try
        {
            await call();
        }
        catch (JournalException exception) when (exception.Fault == JournalFault.Trimmed)
        {
            throw new RpcException(new Status(StatusCode.Aborted, $"the server's log of fileset \"{Settings.Name}\" no longer goes back to this replica; it joins again"));
        }
        catch (Exception exception) when (LocalFault.NeedsReopening(exception, Side.Server))
        {
            _broken.TrySetResult(exception);
            throw LocalFault.IsNoRoom(exception)
                ? new RpcException(new Status(StatusCode.ResourceExhausted, $"the server has no room for fileset \"{Settings.Name}\"; free some space there"))
                : new RpcException(new Status(StatusCode.Internal, $"fileset \"{Settings.Name}\" is out of order at the server: {exception.Message}"));
        }
    }

    /// <param name="hello">The client's greeting.</param>
    /// <param name="writable">What the client makes is applied here; otherwise it only follows.</param>
    /// <param name="relays">So is what comes to it from others.</param>
    /// <param name="reader">What it sends next.</param>
    /// <param name="writer">To it.</param>
    /// <param name="cancellationToken">Ends the session.</param>
    public async Task AcceptAsync(
        Hello hello, bool writable, bool relays, IAsyncStreamReader<ClientMessage> reader, IAsyncStreamWriter<ServerMessage> writer, CancellationToken cancellationToken)
    {
        if (_isJoining || (Side == Side.Client && State.Server == 0))
        {
            throw new RpcException(new Status(StatusCode.Unavailable, "the server has yet to join its own server"));
        }

        RequireSameLog(hello);
        if (hello.Restart is { } restart)
        {
            await RestartAsync(hello, new LogPlace(restart.Offset, restart.Check));
        }

        var (mode, reason, forgot) = Judge(hello);
        if (forgot && Replica.Journal is { TakesMarks: true })
        {
            await Apply.RunAsync(() => State.TakeCounts(hello.Progress.Counts));
        }

        var welcome = new Welcome
        {
            Replica = Replica.Self,
            Log = WireTypes.Write(Replica.Journal?.Info.Log ?? LogId.None),
            Mode = mode,
            Reason = reason,
            Progress = ProgressOf(hello.Replica),
            Forgot = forgot,
            Former = State.Of(hello.Replica)?.Former is { Offset: not 0 } former ? new Restart { Offset = former.Offset, Check = former.Check } : null,
        };
        welcome.Features.Add(_features);
        if (Replica.Journal is { Info.Exact: false })
        {
            welcome.Features.Add(Inexact);
        }

        if (!writable)
        {
            welcome.Features.Add(ReadOnly);
        }

        if (_keeper is not null)
        {
            welcome.Features.Add(WithPermits);
        }

        if (mode != Welcome.Types.Mode.Live && Deferred.All.Any(waiting => waiting.Peer == hello.Replica))
        {
            await Apply.RunAsync(() => LoseDeferred(hello.Replica));
        }

        welcome.Staged.Add(Staged(hello.Replica, WireTypes.ReadLog(hello.Log)));
        await writer.WriteAsync(new ServerMessage { Welcome = welcome }, cancellationToken);
        if (mode != Welcome.Types.Mode.Live)
        {
            return;
        }

        var stream = new ServerFrameStream(reader, writer);
        var start = new SessionStart(Side.Server, hello.Replica, WireTypes.ReadLog(hello.Log), hello.Progress, [.. hello.Staged], writable, relays, hello.Features.Contains(WithResolved));
        await RunSessionAsync(start, stream, _ => { }, cancellationToken);
    }

    /// <summary>Whether the log leads from where the client is to where this replica is.</summary>
    private (Welcome.Types.Mode Mode, string Reason, bool Forgot) Judge(Hello hello)
    {
        if (Replica.Journal is not { } journal)
        {
            return (Welcome.Types.Mode.SnapshotOnly, "the server serves a plain directory, without a log", false);
        }

        if (hello.Progress is not { } progress)
        {
            return (Welcome.Types.Mode.Rejoin, hello.Restart is null ? "a new replica" : "this replica's log went back in time: its disk was restored", false);
        }

        if (WireTypes.ReadLog(progress.Applied.Log) != journal.Info.Log)
        {
            return (Welcome.Types.Mode.Rejoin, "the server has another log now", true);
        }

        if (!LogCheck.Has(journal, new LogPlace(progress.Applied.Offset, progress.Check)))
        {
            _logger.LogWentBack(Settings.Name, hello.Replica);
            return (Welcome.Types.Mode.Rejoin, "the server's log went back in time: its disk was restored", true);
        }

        // That writes a mark, at least.
        if (Side == Side.Client && progress.Applied.Offset <= State.Of(State.Server)?.Former.Offset)
        {
            return (Welcome.Types.Mode.Rejoin, "the server has joined its own server anew", false);
        }

        return progress.Applied.Offset < journal.Info.First
            ? (Welcome.Types.Mode.Rejoin, "the server's log doesn't go back to this replica's position", false)
            : (Welcome.Types.Mode.Live, "", false);
    }

    /// <summary>Nobody is served meanwhile.</summary>
    private async Task WithoutClientsAsync(Func<Task> join)
    {
        _isJoining = true;
        try
        {
            foreach (var session in Sessions.Where(session => session.Side == Side.Server))
            {
                await session.EndAsync();
            }

            await join();
        }
        finally
        {
            _isJoining = false;
        }
    }

    /// <summary>The client's log went back in time; what it sent before is here, and what it sends from here on is new.</summary>
    private async Task RestartAsync(Hello hello, LogPlace from)
    {
        foreach (var session in Sessions.Where(session => session.Peer == hello.Replica))
        {
            await session.EndAsync();
        }

        await Apply.RunAsync(() => State.Restart(hello.Replica, WireTypes.ReadLog(hello.Log), from));
    }

    /// <summary>A replica that comes with another log than before isn't what it was: its counters may mean other updates.</summary>
    private void RequireSameLog(Hello hello)
    {
        var log = WireTypes.ReadLog(hello.Log);
        if (!log.IsNone && State.Of(hello.Replica) is { } state && !state.Batch.Log.IsNone && state.Batch.Log != log)
        {
            _logger.PeerRefused(Settings.Name, hello.Replica, "it has another log than before");
            throw new RpcException(new Status(
                StatusCode.FailedPrecondition, "this replica comes with another log than before: give the machine a new replica id and join again"));
        }
    }

    /// <summary>How far this replica is with a peer's log. Null: it knows nothing of it.</summary>
    private Progress? ProgressOf(ulong peer)
    {
        if (State.Of(peer) is not { } state || (state.Batch.Log.IsNone && state.Done == 0))
        {
            return null;
        }

        return new Progress
        {
            Applied = WireTypes.Write(state.Batch),
            Source = state.Done >= state.Batch.Offset ? state.Done : 0,
            Check = state.Check,
            Counts = State.Counts(peer),
        };
    }

    /// <summary>What is left here of contents that a peer's log tells of. What is older than all that is applied goes.</summary>
    private IEnumerable<Staged> Staged(ulong peer, LogId log)
    {
        var applied = State.Of(peer)?.Batch.Offset ?? 0;
        Replica.Stage.Clean(key => key.Log == log ? key.Source >= applied : Side == Side.Server || Settings.Clients > 0);
        return Replica.Stage.List()
            .Where(staged => staged.Key.Log == log && staged.Length > 0)
            .Take(WireLimits.Staged)
            .Select(staged => new Staged { Fid = WireTypes.Write(staged.Key.Object), Source = staged.Key.Source, Length = staged.Length });
    }
}
