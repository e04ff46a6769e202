// SPDX-License-Identifier: GPL-2.0-or-later
using Google.Protobuf;
using InterMezzo.Journal;
using InterMezzo.Protocol.Replication;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;
using Carry = InterMezzo.Replication.Carry;
using Content = InterMezzo.Protocol.Replication.Content;

namespace InterMezzo.Lento.Replication;

/// <summary>
/// Sends the own log to one peer, batch by batch. Nothing leaves before a sync
/// covers it: what a peer has seen, no power cut takes back.
/// </summary>
internal sealed class Sender(
    IReplica replica, ChangeLog changes, DeferredContents deferred, PeerReach reach, Direction direction, ulong peer, IFrameStream stream, Counters counters)
{
    /// <summary>Batches on their way: enough to keep disk and network of both ends busy.</summary>
    private const int WindowSize = 4;

    /// <summary>How often a batch is extended after contents that changed while they were read.</summary>
    private const int Extensions = 4;

    private static readonly BatchLimits _limits = new();

    private readonly IJournal _journal = replica.Journal!;
    private readonly BatchPlanner _planner = new(_limits);
    private readonly LogWindow _log = new(replica.Journal!, replica.Self, direction, peer);
    private readonly Dictionary<(Fid, ulong), ulong> _staged = [];
    private readonly byte[] _piece = GC.AllocateUninitializedArray<byte>(WireLimits.Piece);
    private KnownPosition _known;

    // Of this batch, by source: what the server could judge to have lost before it is read to its end.
    private readonly Dictionary<ulong, Record> _contestable = [];

    // Of the last record before the cursor.
    private uint _check;

    public SendWindow Window { get; } = new(WindowSize);

    /// <param name="from">Where the peer goes on.</param>
    /// <param name="done">Records up to this offset are applied at the peer.</param>
    /// <param name="staged">Contents whose transfer was cut.</param>
    /// <param name="cancellationToken">Ends the sending.</param>
    public async Task RunAsync(ulong from, ulong done, IEnumerable<Staged> staged, CancellationToken cancellationToken)
    {
        foreach (var content in staged)
        {
            _staged[(WireTypes.ReadFid(content.Fid), content.Source)] = content.Length;
        }

        _known = direction == Direction.ToServer ? KnownBefore(from, cancellationToken) : default;
        await changes.BeginAtAsync(from, cancellationToken);
        Window.Pass(from, _known.Below);
        var cursor = from;
        while (true)
        {
            _log.Read(cursor, done, _known, _limits.Window);
            if (_log.IsEmpty)
            {
                await _journal.WaitBeyondAsync(cursor, cancellationToken);
                continue;
            }

            cursor = HoldsNothing() ? Skip() : await SendBatchAsync(cursor, done, cancellationToken);
        }
    }

    /// <summary>What the log says was known of the server's log, before an offset.</summary>
    private KnownPosition KnownBefore(ulong offset, CancellationToken cancellationToken)
    {
        var known = default(KnownPosition);
        foreach (var (at, record) in LogScan.Records(_journal, _journal.Info.First, offset))
        {
            cancellationToken.ThrowIfCancellationRequested();
            _ = at;
            RecordFacts.Advance(ref known, RecordView.Parse(record.Span), peer);
        }

        return known;
    }

    private bool HoldsNothing()
    {
        for (var i = 0; i < _log.Entries.Count; i++)
        {
            if (_log.Forward(i) != Forward.Nothing)
            {
                return false;
            }
        }

        return true;
    }

    private ulong Skip()
    {
        var end = Consume(_log.Entries.Count);
        Window.Pass(end, _known.Below);
        return end;
    }

    private ulong Consume(int count)
    {
        for (var i = 0; i < count; i++)
        {
            var record = RecordView.Parse(_log.Bytes(i));
            RecordFacts.Advance(ref _known, record, peer);
            _check = record.IsPad ? _check : record.Crc;
        }

        return _log.EndOf(count);
    }

    private async Task<ulong> SendBatchAsync(ulong from, ulong done, CancellationToken cancellationToken)
    {
        await Window.RoomAsync(cancellationToken);
        var number = Window.Begin(from, _known.Below);
        await WriteAsync(new Frame { Begin = new BatchBegin { Number = number, From = from } }, cancellationToken);
        var check = new ContentCheck();
        _contestable.Clear();
        var to = await SendPartAsync(check, null, cancellationToken);
        for (var i = 0; i < Extensions; i++)
        {
            await changes.CheckAsync(check, to, cancellationToken);
            if (check.Owed.Count == 0 || !FindOwed(to, done, check.Owed))
            {
                break;
            }

            to = await SendPartAsync(check, check.Owed, cancellationToken);
        }

        await changes.CheckAsync(check, to, cancellationToken);
        await SendLosersAsync(check, cancellationToken);
        var end = new BatchEnd { Number = number, To = to, Check = _check };
        end.Dropped.Add(check.Dropped);
        Window.End(to, _known.Below);
        await WriteAsync(new Frame { End = end }, cancellationToken);
        counters.BatchSent();
        return to;
    }

    /// <summary>Whether the log has, within reach, the complete version of a content that the batch could not carry.</summary>
    private bool FindOwed(ulong to, ulong done, IReadOnlySet<Fid> owed)
    {
        _log.Read(to, done, _known, _limits.Window);
        return !_log.IsEmpty && Plan(owed).Records.Any(
            record => record.Carry is Carry.Here && owed.Contains(_log.Entries[record.Index].Object));
    }

    /// <summary>The server's version has taken the place of a content while that was read: what is kept of it goes after it.</summary>
    private async Task SendLosersAsync(ContentCheck check, CancellationToken cancellationToken)
    {
        foreach (var source in check.Dropped.ToArray())
        {
            if (!_contestable.TryGetValue(source, out var sent))
            {
                continue;
            }

            // What was sent stays as it was.
            var record = sent.Clone();
            if (OpenLoser(record, RecordView.Parse(record.Data.Span)) is { } loser)
            {
                using (loser)
                {
                    await WriteAsync(new Frame { Instead = record }, cancellationToken);
                    await SendContentAsync(loser, cancellationToken);
                    check.Replaced(source);
                }
            }
        }
    }

    private BatchPlan Plan(IReadOnlySet<Fid>? owed) =>
        _planner.Plan(_log.Entries, owed, new LogOptimizer(_log.Entries, _log.Steps, reach.Of(peer)));

    /// <summary>Sends the records that the plan takes from the window, each with its content behind it.</summary>
    private async Task<ulong> SendPartAsync(ContentCheck check, IReadOnlySet<Fid>? owed, CancellationToken cancellationToken)
    {
        var plan = Plan(owed);
        reach.Sends(peer, _log.EndOf(plan.Count));
        counters.RecordsCancelled(plan.Cancelled);

        // The peer notes how far it is, also where it gets no record.
        _journal.Sync(_log.EndOf(plan.Count));
        var records = new Records();
        var next = 0;
        for (var i = 0; i < plan.Count; i++)
        {
            if (_log.Forward(i).Echo is not 0 and var echo)
            {
                records.Records_.Add(Tell(i, echo));
            }
            else if (_log.Forward(i).Asks)
            {
                records.Records_.Add(Ask(i));
            }

            if (next < plan.Records.Count && plan.Records[next].Index == i)
            {
                using var content = Compose(plan.Records[next++], records, check);
                if (content is not null)
                {
                    await FlushAsync(records, cancellationToken);
                    await SendContentAsync(content, cancellationToken);
                    records = new Records();
                }
            }

            if (IsFull(records))
            {
                await FlushAsync(records, cancellationToken);
                records = new Records();
            }
        }

        await FlushAsync(records, cancellationToken);
        return Consume(plan.Count);
    }

    /// <summary>The peer's log is judged up to here: how, it knows, but for what has lost.</summary>
    private Record Tell(int index, ulong echo)
    {
        var record = new Record { Source = _log.Entries[index].Offset, Echo = echo };
        if (RecordFacts.Lost(RecordView.Parse(_log.Bytes(index))) is { } lost)
        {
            record.Findings.Add(Findings.Of(lost, replica.Tree, deferred));
        }

        return record;
    }

    /// <summary>How does what found no place here stand there?</summary>
    private Record Ask(int index) => new()
    {
        Source = _log.Entries[index].Offset,
        Question = Findings.About(RecordFacts.Lost(RecordView.Parse(_log.Bytes(index)))!),
    };

    private static bool IsFull(Records records) =>
        records.Records_.Count >= WireLimits.RecordsPerMessage / 2 || records.CalculateSize() >= WireLimits.Message / 4;

    private async Task FlushAsync(Records records, CancellationToken cancellationToken)
    {
        if (records.Records_.Count > 0)
        {
            counters.RecordsSent(records.Records_.Count(record => record.Echo == 0));
            await WriteAsync(new Frame { Records = records }, cancellationToken);
        }
    }

    /// <summary>The record as the peer gets it. Returns the content that must follow, if one does.</summary>
    private OutgoingContent? Compose(PlannedRecord planned, Records records, ContentCheck check)
    {
        var entry = _log.Entries[planned.Index];
        var view = RecordView.Parse(_log.Bytes(planned.Index));
        var known = direction == Direction.ToServer ? _log.Known(planned.Index) : default;
        var record = new Record
        {
            Source = entry.Offset,
            Known = direction == Direction.ToServer ? deferred.KnownTo(view, replica.Self, peer, known.Below) : 0,
            Joining = known.Joining,
            Data = ByteString.CopyFrom(RecordFacts.Canonical(view, replica.Self)),
            Carry = (Protocol.Replication.Carry)planned.Carry,
            Version = planned.Version,
        };
        records.Records_.Add(record);
        if (direction == Direction.ToServer && planned.Carry == Carry.Here && deferred.IsPassedOver(view, replica.Self, peer))
        {
            (record.Carry, record.Version) = (Protocol.Replication.Carry.Later, 0);
            return null;
        }

        if (planned.Carry is Carry.Here or Carry.Later or Carry.Gone && OpenLoser(record, view) is { } lost)
        {
            return lost;
        }

        var fid = entry.Object;
        if (planned.Carry != Carry.Here && !RecordFacts.NeedsState(view, replica.Self, out fid))
        {
            if (planned.Carry == Carry.None && LacksObject(view, fid))
            {
                record.Carry = Protocol.Replication.Carry.Gone;
            }

            return null;
        }

        var source = replica.Tree.Open(fid);
        if (source is null && planned.Carry != Carry.Here && view.TryGetMade(out _))
        {
            return null;
        }

        if (source is null && OpenLoser(record, view) is { } loser)
        {
            return loser;
        }

        if (source is null || IsAway(view))
        {
            // A later record tells of the removal, or an earlier one.
            source?.Dispose();
            record.Carry = Protocol.Replication.Carry.Gone;
            record.Version = 0;
            return null;
        }

        return Describe(planned, view, record, source, check);
    }

    /// <summary>
    /// A content that the server's has replaced here before it could be sent: the server keeps it as well, so that
    /// whoever looks there finds it. (It can't win: its maker didn't know the server's.)
    /// </summary>
    private OutgoingContent? OpenLoser(Record record, RecordView view)
    {
        if (direction != Direction.ToServer || !RecordFacts.Rewrites(view, replica.Self) || replica.Conflicts.Open(RecordFacts.Dot(view, replica.Self)) is not { } loser)
        {
            return null;
        }

        (record.Carry, record.Version, record.Anew) = (Protocol.Replication.Carry.Here, record.Source, true);
        record.Attr = ByteString.Empty;
        record.Xattrs.Clear();
        WireTypes.AddState(record, loser.ReadState());
        return new OutgoingContent(loser, record.Source, 0);
    }

    /// <summary>
    /// What is gone by now may never have been made at the peer: it entered there as a whole, if at all. (A client fetches
    /// what it lacks, and hears then that it is gone.)
    /// </summary>
    private bool LacksObject(RecordView view, Fid fid) => RecordFacts.IsExchange(view)
        ? !IsHere(fid) || (view.TryGetReplaced(out var other) && !IsHere(other.Fid.Canonical(replica.Self)))
        : direction == Direction.ToServer && RecordFacts.NeedsObject(view) && !IsHere(fid);

    private bool IsHere(Fid fid)
    {
        using var there = replica.Tree.Open(fid);
        return there is not null;
    }

    /// <summary>What a program has written at the server to a file that was in the conflict store by then: no client has that.</summary>
    private bool IsAway(RecordView view) =>
        direction == Direction.ToClient && view.Op == Op.Close && view.TryGetParent(out var parent) && replica.Tree.IsAway(parent.Fid.Canonical(replica.Self));

    private OutgoingContent? Describe(PlannedRecord planned, RecordView view, Record record, ITreeObject source, ContentCheck check)
    {
        var state = source.ReadState();
        WireTypes.AddState(record, state);
        if (planned.Carry != Carry.Here)
        {
            // A record can't tell the mtime of what it makes: the object got it after the record was written.
            if (view.TryGetMade(out _) && RecordFacts.StateAttr(view) is { } made)
            {
                record.Attr = WireTypes.Write(made with { Valid = made.Valid | AttrValid.ModifyTime, ModifyTime = state.Attr.ModifyTime });
            }
            else if (planned.Carry == Carry.Folded)
            {
                // The attributes are those of the content that travels with the CREATE: no later record repeats them.
                record.Attr = WireTypes.Write(VersionAttr(planned.Version) ?? state.Attr);
            }

            source.Dispose();
            return null;
        }

        if (planned.Version != record.Source)
        {
            record.Attr = WireTypes.Write(VersionAttr(planned.Version) ?? state.Attr);
        }

        check.Watch(source.Fid, record.Source, state.Attr.Size, state.Attr.ModifyTime);
        if (direction == Direction.ToServer && RecordFacts.Rewrites(view, replica.Self))
        {
            _contestable[record.Source] = record;
        }

        _staged.Remove((source.Fid, planned.Version), out var have);
        return new OutgoingContent(source, record.Source, have);
    }

    /// <summary>The attributes that the record which completed the content tells.</summary>
    private KmlAttr? VersionAttr(ulong version)
    {
        for (var i = 0; i < _log.Entries.Count; i++)
        {
            if (_log.Entries[i].Offset == version)
            {
                return RecordFacts.StateAttr(RecordView.Parse(_log.Bytes(i)));
            }
        }

        return null;
    }

    private async Task SendContentAsync(OutgoingContent content, CancellationToken cancellationToken)
    {
        ulong length = 0;
        while (content.ReadPiece(_piece, out var offset) is > 0 and var count)
        {
            var data = ByteString.CopyFrom(_piece.AsSpan(0, count));
            length = offset + (ulong)count;
            var last = content.IsWhole(length, out var size);
            var piece = new Content { Source = content.Source, Offset = offset, Data = data, Last = last, Size = last ? size : 0 };
            await WriteAsync(new Frame { Content = piece }, cancellationToken);
            if (last)
            {
                counters.ContentSent();
                return;
            }
        }

        var end = new Content { Source = content.Source, Offset = length, Last = true, Size = Math.Max(length, content.Size) };
        await WriteAsync(new Frame { Content = end }, cancellationToken);
        counters.ContentSent();
    }

    private Task WriteAsync(Frame frame, CancellationToken cancellationToken)
    {
        counters.BytesSent(frame.CalculateSize());
        return stream.WriteAsync(frame, cancellationToken);
    }
}

/// <summary>A content on its way out: data alone, holes are passed over.</summary>
internal sealed class OutgoingContent(ITreeObject file, ulong source, ulong from) : IDisposable
{
    private ulong _at = from;

    public ulong Source => source;

    public ulong Size => file.ReadState().Attr.Size;

    /// <summary>0: no data follows.</summary>
    public int ReadPiece(Span<byte> buffer, out ulong offset)
    {
        offset = _at;
        if (!file.NextData(_at, out var start, out var end))
        {
            return 0;
        }

        offset = Math.Max(start, _at);
        var count = file.Read(offset, buffer[..(int)Math.Min((ulong)buffer.Length, end - offset)]);
        _at = offset + (ulong)count;
        return count;
    }

    /// <summary>Nothing follows what was read.</summary>
    public bool IsWhole(ulong length, out ulong size)
    {
        var whole = !file.NextData(length, out _, out _);
        size = whole ? Math.Max(Size, length) : 0;
        return whole;
    }

    public void Dispose() => file.Dispose();
}
