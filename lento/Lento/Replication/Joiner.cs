// SPDX-License-Identifier: GPL-2.0-or-later
using Grpc.Core;
using InterMezzo.Journal;
using InterMezzo.Protocol.Replication;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;
using Microsoft.Extensions.Logging;
using Position = InterMezzo.Replication.Position;

namespace InterMezzo.Lento.Replication;

/// <summary>
/// Takes over the server's tree as it stands: two streams, the objects and,
/// behind them, the contents that aren't here yet. The tree is built aside and
/// enters at the end; the log is followed from where the walk began, and
/// replays on whatever the walk met.
/// </summary>
/// <param name="replica">To fill.</param>
/// <param name="state">How far it is with its peers.</param>
/// <param name="deferred">What waits here: the snapshot has it, or a later one.</param>
/// <param name="apply">The one thread that changes it.</param>
/// <param name="server">The server.</param>
/// <param name="received">The server has the own log below this. Null: it may have lost whatever it had.</param>
/// <param name="time">For the conflict store.</param>
/// <param name="counters">What is told of the transfer.</param>
/// <param name="logger">Says what was joined.</param>
internal sealed class Joiner(
    IReplica replica, ReplicationState state, DeferredContents deferred, IApplyThread apply, Protocol.Replication.Replication.ReplicationClient server,
    ulong? received, TimeProvider time, Counters counters, ILogger logger)
{
    /// <summary>Contents asked for and not here yet.</summary>
    private const int MaxOutstanding = 8192;

    private readonly IJoin _join = replica.Join;
    private readonly Turns _room = new(MaxOutstanding);

    // The reader of objects adds, the reader of contents removes.
    private readonly System.Collections.Concurrent.ConcurrentDictionary<ulong, Fid> _outstanding = [];
    private SnapshotStart? _start;
    private ulong _tag;
    private long _objects;
    private long _bytes;

    /// <summary>How many objects of the snapshot have arrived.</summary>
    public long Objects => Interlocked.Read(ref _objects);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var fetch = server.Fetch(cancellationToken: ending.Token);
        var tasks = new[] { ReadObjectsAsync(fetch.RequestStream, ending.Token), ReadContentsAsync(fetch.ResponseStream, ending.Token) };
        var first = await Task.WhenAny(tasks);
        if (!first.IsCompletedSuccessfully)
        {
            ending.Cancel();
        }

        try
        {
            await Task.WhenAll(tasks);
        }
        catch (Exception) when (first.IsFaulted)
        {
            // The other one was cancelled because of the first; what ended that one counts.
        }

        await first;
        await CompleteAsync(cancellationToken);
    }

    private async Task ReadObjectsAsync(IClientStreamWriter<FetchRequest> wants, CancellationToken cancellationToken)
    {
        await wants.WriteAsync(new FetchRequest { Fileset = replica.Fileset }, cancellationToken);
        using var call = server.Snapshot(new SnapshotRequest { Fileset = replica.Fileset }, cancellationToken: cancellationToken);
        var whole = false;
        while (await call.ResponseStream.MoveNext(cancellationToken))
        {
            var item = call.ResponseStream.Current;
            item.Validate();
            counters.BytesReceived(item.CalculateSize());
            switch (item.KindCase)
            {
                case SnapshotItem.KindOneofCase.Start:
                    _start = item.Start;
                    break;
                case SnapshotItem.KindOneofCase.Objects:
                    await PlaceAsync(item.Objects, wants, cancellationToken);
                    break;
                default:
                    whole = item.End.Objects == (ulong)Objects;
                    break;
            }
        }

        if (!whole || _start is null)
        {
            throw new RpcException(new Status(StatusCode.Unavailable, "the snapshot ended before its end"));
        }

        await wants.CompleteAsync();
    }

    private async Task PlaceAsync(SnapshotObjects objects, IClientStreamWriter<FetchRequest> wants, CancellationToken cancellationToken)
    {
        var request = await apply.RunAsync(() => Place(objects));
        Interlocked.Add(ref _objects, objects.Objects.Count);
        if (request.Wants.Count == 0)
        {
            return;
        }

        for (var i = 0; i < request.Wants.Count; i++)
        {
            await _room.TakeAsync(cancellationToken);
        }

        await wants.WriteAsync(request, cancellationToken);
    }

    private FetchRequest Place(SnapshotObjects objects)
    {
        var request = new FetchRequest();
        foreach (var item in objects.Objects)
        {
            var fid = WireTypes.ReadFid(item.Fid);
            var objectState = WireTypes.ReadState(item);
            if (item.Parent.IsEmpty)
            {
                _join.Begin(fid, objectState);
                continue;
            }

            var step = _join.Place(WireTypes.ReadFid(item.Parent), item.Name.Span, fid, objectState);
            if (step.NeedsContent)
            {
                _outstanding[++_tag] = fid;
                request.Wants.Add(new Want { Tag = _tag, Fid = item.Fid, Offset = step.Offset });
            }
        }

        return request;
    }

    private async Task ReadContentsAsync(IAsyncStreamReader<FetchItem> contents, CancellationToken cancellationToken)
    {
        while (await contents.MoveNext(cancellationToken))
        {
            var item = contents.Current;
            item.Validate();
            counters.BytesReceived(item.CalculateSize());
            var finished = await apply.RunAsync(() => Write(item));
            if (finished > 0)
            {
                _room.Give(finished);
            }
        }

        if (!_outstanding.IsEmpty)
        {
            throw new RpcException(new Status(StatusCode.Unavailable, "the server ended the transfer"));
        }
    }

    private int Write(FetchItem item)
    {
        var finished = 0;
        foreach (var piece in item.Pieces)
        {
            if (!_outstanding.TryGetValue(piece.Tag, out var fid))
            {
                throw new InvalidMessageException("a content that nobody asked for");
            }

            if (!piece.Data.IsEmpty)
            {
                _join.Write(fid, piece.Offset, piece.Data.Span);
                _bytes += piece.Data.Length;
            }

            if (piece.State != FetchPiece.Types.State.More)
            {
                End(fid, piece);
                _outstanding.TryRemove(piece.Tag, out _);
                finished++;
            }
        }

        return finished;
    }

    private void End(Fid fid, FetchPiece piece)
    {
        if (piece.State == FetchPiece.Types.State.Gone)
        {
            _join.Drop(fid);
            return;
        }

        _join.Finish(fid, piece.Size, piece.Attr.IsEmpty ? null : KmlAttr.Read(piece.Attr.Span));
        counters.ContentReceived();
    }

    private async Task CompleteAsync(CancellationToken cancellationToken)
    {
        var position = _start!.Position is { } at ? new Position(WireTypes.ReadLog(at.Log), at.Offset) : default;
        await apply.RunAsync(() => state.EndJoin(_start.Replica, position));

        // What was done here before is judged by the join; what is done and told from here on is sent, and knows of the join.
        var head = replica.Journal?.Info.Head ?? 0;
        if (head > 0)
        {
            await replica.Journal!.WaitBeyondAsync(head - 1, cancellationToken);
        }

        await apply.RunAsync(() => Complete(_start.Replica, position, head));
    }

    private void Complete(ulong peer, Position position, ulong head)
    {
        foreach (var waiting in deferred.All.Where(waiting => state.SideTo(waiting.Peer) == Side.Client))
        {
            state.Drop(waiting);
        }

        var isUnsent = Unsent(peer);
        var conflicts = SettleAside(peer, isUnsent) +
            _join.Complete(new Origin(new Dot(peer, 0), 0), peer, time.GetUtcNow(), isUnsent, MovedSince(head));
        state.Joined(peer, position, _start!.Check, head);
        replica.Applier.Flush();
        for (var i = 0; i < conflicts; i++)
        {
            counters.ConflictKept();
        }

        logger.JoinEnded(replica.Fileset, Objects, _bytes, conflicts);
    }

    /// <summary>What waited for its place in the middle of a batch, the snapshot has in it, or it is gone at the server.</summary>
    /// <returns>How many were kept, for what was done to them here.</returns>
    private int SettleAside(ulong peer, Predicate<Fid>? isUnsent)
    {
        var kept = 0;
        foreach (var fid in replica.Applier.Aside)
        {
            if (isUnsent?.Invoke(fid) == true)
            {
                var name = System.Text.Encoding.ASCII.GetBytes(fid.ToString());
                var conflict = new Conflict(new Dot(replica.Self, 0), new Dot(peer, 1), "was here before the join", time.GetUtcNow(), fid, default, name);
                kept += replica.Applier.EvictToConflictStore(new Origin(new Dot(peer, 1), 0).Aside, default, name, fid, conflict).IsDone ? 1 : 0;
            }
            else
            {
                replica.Applier.DropAside(fid);
            }
        }

        return kept;
    }

    /// <summary>Names that programs gave to objects, up to now.</summary>
    private IEnumerable<(Fid Parent, byte[] Name)> MovedSince(ulong from)
    {
        while (replica.Journal is { } journal && journal.Info.Watermark is var end && from < end)
        {
            foreach (var (_, bytes) in LogScan.Records(journal, from, end))
            {
                foreach (var place in NamesGiven(RecordView.Parse(bytes.Span)))
                {
                    yield return place;
                }
            }

            from = end;
        }
    }

    private List<(Fid Parent, byte[] Name)> NamesGiven(RecordView record)
    {
        var names = new List<(Fid, byte[])>();
        if (record.Op is not (Op.Rename or Op.Link) || !RecordFacts.IsUpdate(record) || RecordFacts.From(record) != 0 || record.Pid == Environment.ProcessId)
        {
            return names;
        }

        if (record.Op == Op.Link || record.Has(FieldType.Replaced))
        {
            names.Add((RecordFacts.Parent(record, replica.Self), record.Name.ToArray()));
        }

        if (record.TryGetParent2(out var second))
        {
            names.Add((second.Fid.Canonical(replica.Self), record.Name2.ToArray()));
        }

        return names;
    }

    /// <summary>What was changed here, up to now, and isn't known to have reached the server. Null: nothing has.</summary>
    private Predicate<Fid>? Unsent(ulong peer)
    {
        if (received is null)
        {
            return null;
        }

        if (state.Of(peer) is not { } last)
        {
            return replica.Journal is { } log ? NotEntered(log, peer) : null;
        }

        if (replica.Journal is not { } journal)
        {
            // A plain directory: nobody knows what was changed in it.
            return _ => true;
        }

        return ChangedSince(journal, Math.Max(journal.Info.First, Math.Max(last.Echo, received.Value) & ~(ulong)(KmlFormat.Align - 1)), peer);
    }

    /// <summary>What programs here have changed beyond an offset, up to when that is asked, or are writing.</summary>
    private Predicate<Fid> ChangedSince(IJournal journal, ulong from, ulong peer)
    {
        var unsent = new HashSet<Fid>();
        return fid =>
        {
            // He has marked it before, and what he writes will be told when he closes it.
            if (IsOpen(fid))
            {
                return true;
            }

            // What programs make while the join ends may name a directory by what it was called before.
            var end = journal.Info.Watermark;
            foreach (var (_, bytes) in LogScan.Records(journal, from, end))
            {
                var record = RecordView.Parse(bytes.Span);
                if (RecordFacts.From(record) != peer && (RecordFacts.IsUpdate(record) || record.Op == Op.Dirty))
                {
                    unsent.Add(RecordFacts.Object(record, replica.Self));
                }
            }

            from = Math.Max(from, end);
            return unsent.Contains(fid);
        };
    }

    /// <summary>At the first join: all but what an earlier try, which was interrupted at its end, has put into the tree, and nobody has changed.</summary>
    private Predicate<Fid>? NotEntered(IJournal log, ulong peer)
    {
        var entered = new HashSet<Fid>();
        foreach (var (_, bytes) in LogScan.Records(log, log.Info.First, log.Info.Watermark))
        {
            var record = RecordView.Parse(bytes.Span);
            if (record.Op == Op.Enter && RecordFacts.IsUpdate(record) && RecordFacts.From(record) == peer)
            {
                entered.Add(RecordFacts.Object(record, replica.Self));
            }
        }

        if (entered.Count == 0)
        {
            return null;
        }

        var changed = ChangedSince(log, log.Info.First, peer);
        return fid => !entered.Contains(fid) || changed(fid);
    }

    private bool IsOpen(Fid fid)
    {
        using var there = replica.Tree.Open(fid);
        return there is { Writers: not Writers.None };
    }
}
