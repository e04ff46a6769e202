// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;
using Position = InterMezzo.Replication.Position;

namespace InterMezzo.Lento.Replication;

/// <summary>How far this replica is with its peers' logs: kept in the own log (MARK) and saved with the index.</summary>
internal sealed class ReplicationState(IReplica replica, DeferredContents deferred, Side side, bool serves)
{
    /// <summary>Replicas whose updates one fileset has; each is in every mark.</summary>
    private const int MaxMakers = 1000;

    private readonly Lock _gate = new();

    // guarded by _gate
    private readonly PeerProgress _progress = new();

    /// <summary>At a client: its server's replica id. 0: it has never joined.</summary>
    public ulong Server
    {
        get
        {
            lock (_gate)
            {
                return _progress.Server;
            }
        }
    }

    /// <summary>Whether tree and log are to be compared.</summary>
    public ScanState Scan { get; private set; } = new();

    /// <summary>What is made here is never sent: the server takes nothing from this replica.</summary>
    public bool KeepsOwn { get; set; }

    /// <summary>What this replica is to a peer: a client that serves others is both.</summary>
    public Side SideTo(ulong peer) => side == Side.Client && (!serves || peer == Server) ? Side.Client : Side.Server;

    /// <summary>The own log below this was judged by a peer, or never will be.</summary>
    public ulong Judged(ulong peer) => KeepsOwn && SideTo(peer) == Side.Client ? ulong.MaxValue : Of(peer)?.Echo ?? 0;

    /// <summary>To be called on the apply thread, before all else.</summary>
    public void Load()
    {
        lock (_gate)
        {
            foreach (var (_, payload) in replica.Index.LoadProgress())
            {
                if (ProgressMark.Decode(payload) is { } mark)
                {
                    _progress.OnMark(mark);
                }
            }

            var settled = new List<DeferredContent?>();
            foreach (var waiting in replica.Conflicts.ListDeferred())
            {
                settled.Add(deferred.Add(waiting));
            }

            Scan = ScanState.Decode(replica.Index.LoadScan());
            replica.CatchUp((offset, record) =>
            {
                Scan.Observe(offset, record);
                if (deferred.SettledBy(offset, record, replica.Self) is { } done)
                {
                    settled.Add(done);
                }

                RecordFacts.Observe(_progress, record, replica.Self);
            });
            settled.ForEach(Drop);
            replica.Index.SaveScan(Scan.Encode());
        }

        Flush();
    }

    /// <summary>Makes durable what was applied, also in the middle of a batch. On the apply thread.</summary>
    public void Flush()
    {
        lock (_gate)
        {
            foreach (var (peer, _) in _progress.Peers)
            {
                replica.Index.SaveProgress(peer, Mark(peer).Encode());
            }
        }

        // Only now: the index must not pass over records whose progress it doesn't know.
        replica.Applier.Flush();
    }

    /// <summary>A content waits no more, and nothing of it is to be kept. On the apply thread.</summary>
    public void Drop(DeferredContent? waiting)
    {
        if (waiting is not null)
        {
            deferred.Remove(waiting);
            replica.Applier.DropDeferred(waiting.Update);
        }
    }

    /// <summary>Tree and log agree again. On the apply thread.</summary>
    public void EndScan()
    {
        Scan.Done();
        replica.Index.SaveScan(Scan.Encode());
        Flush();
    }

    public PeerState? Of(ulong peer)
    {
        lock (_gate)
        {
            return _progress[peer];
        }
    }

    public void Applied(ulong peer, Origin origin)
    {
        lock (_gate)
        {
            _progress.OnRecord(peer, origin.Dot.Replica, origin.Dot.Counter, origin.Source, origin.Partial);
        }
    }

    /// <summary>A join ends: updates that are made from here on know the peer's log up to the position. On the apply thread.</summary>
    public void EndJoin(ulong peer, Position position)
    {
        byte[] payload;
        lock (_gate)
        {
            payload = new ProgressMark(peer, position, 0, _progress.Vector, Joins: true).Encode();
        }

        replica.Journal?.Mark(payload);
    }

    /// <summary>A whole batch is applied: noted in the log (if there is one) and in the index. On the apply thread.</summary>
    public void EndBatch(ulong peer, Side to, Position position, uint check, ulong echo) => Note(peer, to, position, check, echo, Of(peer)?.Former ?? default);

    /// <summary>A join has ended: the own log below <paramref name="head"/> is judged by it, whatever the server has of it. On the apply thread.</summary>
    public void Joined(ulong peer, Position position, uint check, ulong head) => Note(peer, Side.Client, position, check, head, new LogPlace(head, 0));

    /// <summary>
    /// At a client whose server may have lost in a power cut what it hadn't synced: what of the own log was in the
    /// server's, and isn't any more, is sent again. On the apply thread.
    /// </summary>
    /// <param name="peer">The server.</param>
    /// <param name="below">It has the own log below this.</param>
    public void Unsay(ulong peer, ulong below)
    {
        if (Of(peer) is { } state && state.Echo > Math.Max(below, state.Former.Offset))
        {
            Note(peer, Side.Client, state.Batch, state.Check, Math.Max(below, state.Former.Offset), state.Former);
        }
    }

    /// <summary>
    /// A client's log went back in time: what it sends is new from here on. On the apply thread.
    /// </summary>
    public void Restart(ulong peer, LogId log, LogPlace from)
    {
        var state = Of(peer) ?? PeerState.Nothing;
        Note(peer, Side.Server, new Position(log, from.Offset), from.Check, state.Echo, new LogPlace(state.Batch.Offset, state.Check));
        replica.Applier.Flush();
    }

    /// <summary>
    /// At a client whose log went back in time: the server's tree is to be joined again, and counts that the server
    /// knows aren't used again. On the apply thread.
    /// </summary>
    /// <returns>From here on the own log is new.</returns>
    public LogPlace BeginAgain(ulong peer, ulong counts)
    {
        var journal = replica.Journal!;
        Note(peer, Side.Client, default, 0, Of(peer)?.Echo ?? 0, default, counts);
        replica.Applier.Flush();
        var head = journal.Sync(ulong.MaxValue);
        return new LogPlace(head, LogCheck.Before(journal, head));
    }

    /// <summary>
    /// At a server whose log went back in time: counts that a client knows aren't used again. On the apply thread.
    /// </summary>
    public void TakeCounts(ulong counts)
    {
        if (replica.Journal!.Info.Local < counts)
        {
            replica.Journal.Mark([], counts);
            replica.Applier.Flush();
        }
    }

    /// <summary>Whether there can be updates of a replica here: makers are never forgotten.</summary>
    public bool HasRoomFor(ulong maker)
    {
        lock (_gate)
        {
            return _progress.Vector[maker] != 0 || _progress.Vector.Counts.Count < MaxMakers;
        }
    }

    /// <summary>Updates of a replica are known here up to this count.</summary>
    public ulong Counts(ulong peer)
    {
        lock (_gate)
        {
            return _progress.Vector[peer];
        }
    }

    private void Note(ulong peer, Side to, Position position, uint check, ulong echo, LogPlace former, ulong counts = 0)
    {
        byte[] payload;
        lock (_gate)
        {
            _progress.OnMark(new ProgressMark(peer, position, echo, _progress.Vector, Check: check, Former: former, OfServer: to == Side.Client));
            payload = Mark(peer).Encode();
        }

        replica.Journal?.Mark(payload, counts);
        replica.Index.SaveProgress(peer, payload);
    }

    private ProgressMark Mark(ulong peer)
    {
        var state = _progress[peer]!;
        return new ProgressMark(peer, state.Batch, state.Echo, _progress.Vector.Copy(), state.Source, state.Partial, Check: state.Check, Former: state.Former, OfServer: peer == _progress.Server);
    }
}
