// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Protocol.Replication;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;
using Microsoft.Extensions.Logging;

namespace InterMezzo.Lento.Replication;

/// <summary>
/// Replication of one fileset: owns the replica, its apply thread and its
/// sessions. At a server it is called by clients; at a client it keeps a link
/// to the server.
/// </summary>
internal sealed partial class FilesetService : IAsyncDisposable
{
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();
    private readonly Signal _changed = new();
    private readonly TaskCompletionSource<Exception> _broken = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // guarded by _gate
    private readonly List<SyncSession> _sessions = [];
    private LinkState _state;
    private string? _error;
    private DateTimeOffset? _compared;
    private ulong _trimmed;

    private Task _link = Task.CompletedTask;
    private bool _isLoaded;

    public FilesetService(FilesetSettings settings, IReplica replica, IServerLink? server, TimeProvider time, ILogger logger, IApplyThread? apply = null)
    {
        if ((settings.Side == Side.Client) != (server is not null))
        {
            throw new ArgumentException("a client, and nobody else, has a server", nameof(server));
        }

        (Settings, Replica, Time, _server, _logger) = (settings, replica, time, server, logger);
        State = new ReplicationState(replica, Deferred, settings.Side, settings.Clients > 0);
        Apply = apply ?? new ApplyThread(settings.Name);
        Changes = replica.Journal is { } journal ? new ChangeLog(journal, replica.Self) : null;
        Reach = replica.Journal is { Info.Head: var head } ? new PeerReach(() => replica.Journal.Info.Head, head) : null;
        _state = settings.Side == Side.Server ? LinkState.Serving : LinkState.Disconnected;
        _keeper = settings.Permits && replica.Gate is not null ? new PermitKeeper(settings, replica, Apply, SayAsync, TryKeptOut, IsAtWork, time, logger) : null;
        _user = settings.Side == Side.Client && settings.SendsOwn && replica.Gate is { } gate ? new PermitUser(gate, Apply, settings, TryKeptOut) : null;
    }

    public FilesetSettings Settings { get; }

    public IReplica Replica { get; }

    public Side Side => Settings.Side;

    public ReplicationState State { get; }

    public IApplyThread Apply { get; }

    /// <summary>Null: a plain directory keeps no log.</summary>
    public ChangeLog? Changes { get; }

    /// <summary>Null: a plain directory keeps no log.</summary>
    public PeerReach? Reach { get; }

    public Counters Counters { get; } = new();

    public TimeProvider Time { get; }

    /// <summary>Completes when the replica has to be opened anew, by another service, before anything goes on.</summary>
    public Task<Exception> Broken => _broken.Task;

    /// <summary>Ready when this returns: the index knows the own log, sessions may begin.</summary>
    public async Task StartAsync()
    {
        await Apply.RunAsync(() => State.Load());
        _resolved = Replica.Conflicts.ReadResolved();
        _isLoaded = true;
        if (_user is not null)
        {
            await _user.TurnAsync(isConnected: false);
        }

        _logger.FilesetReady(Settings.Name, Side, Replica.Self, Replica.Journal?.Info.Log.ToString() ?? "none");
        if (Replica.Scan is { } scan && !State.Scan.Doubtful.IsNone)
        {
            _scanning = new ScanProgress();
            _scan = SettleStopAsync(scan);
        }
        else
        {
            KeepLink();
        }
    }

    /// <summary>The log tells what the tree has: what waits is tried, and a client looks for its server.</summary>
    private void KeepLink()
    {
        if (Replica.Journal is { } journal)
        {
            _following = FollowWritersAsync(journal, _stopping.Token);
        }

        if (_keeper is not null)
        {
            _keeping = KeepPermitsAsync(_keeper, _stopping.Token);
        }

        if (Side == Side.Client)
        {
            _link = KeepLinkAsync(_stopping.Token);
        }
    }

    /// <summary>Sessions end first, then the link, then what is being applied is finished; nothing is lost by it.</summary>
    public async ValueTask DisposeAsync()
    {
        _stopping.Cancel();
        await _scan;
        await _link;
        await _following;
        await _keeping;
        await _changed.WaitUntilAsync(() => Sessions.Count == 0, CancellationToken.None);
        // When it is out of order, memory may know more than the disk.
        if (_isLoaded && !_broken.Task.IsCompleted)
        {
            await FlushAsync();
        }

        Apply.Dispose();
        Replica.Dispose();
        _stopping.Dispose();
        _logger.FilesetStopped(Settings.Name);
    }

    /// <summary>What wasn't flushed before the end is applied again after the next start.</summary>
    private async Task FlushAsync()
    {
        try
        {
            await Apply.RunAsync(State.Flush);
        }
        catch (Exception exception)
        {
            _logger.NotFlushed(Settings.Name, exception);
        }
    }

    public ReplicationStatus Status()
    {
        var info = Replica.Journal?.Info ?? default;
        lock (_gate)
        {
            var peers = _sessions.ConvertAll(session => new PeerStatus(session.Peer, session.Applied, session.Settled, session.Unacknowledged, session.Side == Side.Client));
            var lag = peers.Count == 0 ? 0 : peers.Max(peer => info.Head > peer.Settled ? info.Head - peer.Settled : 0);
            return new ReplicationStatus(
                _state, _error, info.Head, info.First, peers, lag, _joiner?.Objects ?? 0, Replica.Conflicts.List().Count, _inSyncMilliseconds, Counters)
            {
                Compared = _compared,
                Scanning = _scanning,
                IsBelowDoubtful = State.Scan.Below != 0,
            };
        }
    }

    /// <summary>
    /// Returns when, at a client, the server has what was changed here up to now and all that the server had then is
    /// here (as far as a server without a log tells: all that it had at the last comparison); at a server, when all
    /// connected clients have what is here now; at a client that serves others, both.
    /// </summary>
    public async Task SyncAsync(CancellationToken cancellationToken)
    {
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stopping.Token);
        await _scan.WaitAsync(linked.Token);

        // What waits for a file that is closed by now belongs to it, whether or not the close was heard of yet.
        await Apply.RunAsync(() => TryDeferred(all: true));
        if (Side == Side.Client)
        {
            await SyncClientAsync(linked.Token);
        }

        await Task.WhenAll(Sessions.Where(session => session.Side == Side.Server).Select(session => SettleAsync(session, linked.Token)));
    }

    /// <summary>A client that goes away meanwhile isn't waited for.</summary>
    private static async Task SettleAsync(SyncSession session, CancellationToken cancellationToken)
    {
        try
        {
            await session.SettleAsync(cancellationToken);
        }
        catch (Exception exception) when (IsBroken(exception) && !cancellationToken.IsCancellationRequested)
        {
            // It will get the rest when it comes back.
        }
    }

    public void OnAcknowledged() => Trim();

    public void OnApplied() => Trim();

    public IReadOnlyList<SyncSession> Sessions
    {
        get
        {
            lock (_gate)
            {
                return [.. _sessions];
            }
        }
    }

    /// <summary>Runs a session until it ends. One per peer: a newer connection takes the place of one that is dead but not noticed yet.</summary>
    private async Task RunSessionAsync(SessionStart start, IFrameStream stream, Action<SyncSession> began, CancellationToken cancellationToken)
    {
        // What a crash, or a join, has left of them.
        await DropResolvedAsync();
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stopping.Token);
        var session = new SyncSession(this, start, stream, linked, _logger);
        try
        {
            foreach (var older in Add(session))
            {
                await older.EndAsync();
            }

            _changed.Pulse();
            _keeper?.Came(start.Peer);
            _logger.SessionBegan(Settings.Name, start.Peer, State.Of(start.Peer)?.Batch.Offset ?? 0, start.Theirs?.Applied.Offset ?? 0);
            began(session);
            await session.RunAsync();
        }
        finally
        {
            // Then it is over for the next one, which opens the same staging files.
            session.Dispose();
            Remove(session);
        }
    }

    private List<SyncSession> Add(SyncSession session)
    {
        lock (_gate)
        {
            var older = _sessions.FindAll(other => other.Peer == session.Peer);
            _sessions.Add(session);
            return older;
        }
    }

    private void Remove(SyncSession session)
    {
        bool isLast;
        lock (_gate)
        {
            _sessions.Remove(session);
            isLast = _sessions.TrueForAll(other => other.Peer != session.Peer);
        }

        if (isLast)
        {
            _keeper?.Left(session.Peer);
        }

        session.Ended();
        _changed.Pulse();
    }

    /// <summary>True: it is another state than before, or for another reason.</summary>
    private bool SetState(LinkState state, string? error = null)
    {
        bool isNews;
        lock (_gate)
        {
            isNews = (_state, _error) != (state, error);
            (_state, _error) = (state, error);
            _compared = state == LinkState.Compared ? Time.GetUtcNow() : null;
        }

        _changed.Pulse();
        return isNews;
    }

    private DateTimeOffset? Compared
    {
        get
        {
            lock (_gate)
            {
                return _compared;
            }
        }
    }

    /// <summary>Frees what every peer has. A server that hasn't heard of all its clients keeps everything.</summary>
    private void Trim()
    {
        if (Replica.Journal is not { } journal)
        {
            return;
        }

        var sessions = Sessions;
        if (sessions.Count < Settings.Clients + (Side == Side.Client ? 1 : 0))
        {
            return;
        }

        var needed = Math.Min(sessions.Min(session => session.Needed), Deferred.NeededHere);
        lock (_gate)
        {
            if (needed < Math.Max(_trimmed, journal.Info.First) + Settings.TrimStep)
            {
                return;
            }

            _trimmed = needed;
        }

        _ = TrimAsync(journal, needed);
    }

    /// <summary>The index is as old as its disk has it after a power cut: whatever it would have to read then must stay.</summary>
    private async Task TrimAsync(IJournal journal, ulong needed)
    {
        try
        {
            await Apply.RunAsync(() =>
            {
                State.Flush();
                Replica.Index.MakeDurable();
                journal.Trim(needed);
                foreach (var session in Sessions)
                {
                    session.OnTrimmed(needed);
                }
            });
            _logger.Trimmed(Settings.Name, needed);
        }
        catch (InvalidOperationException) when (_stopping.IsCancellationRequested)
        {
            // It goes the next time.
        }
        catch (Exception exception)
        {
            _broken.TrySetResult(exception);
        }
    }
}
