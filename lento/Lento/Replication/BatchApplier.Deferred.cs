// SPDX-License-Identifier: GPL-2.0-or-later
using Google.Protobuf;
using InterMezzo.Journal;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;
using Carry = InterMezzo.Protocol.Replication.Carry;
using Wire = InterMezzo.Protocol.Replication;

namespace InterMezzo.Lento.Replication;

/// <summary>
/// New content of a file that a program here has open for writing waits until he has closed it, and is judged then. What
/// he writes meanwhile is concurrent with it: at a server it wins, to a client's server it is sent as made by somebody
/// who didn't know (<see cref="DeferredContents.KnownTo"/>), and only when that has judged it the server's version enters.
/// </summary>
internal sealed partial class BatchApplier
{
    /// <summary>A content waits until somebody closes a file.</summary>
    public const ulong ForWriter = ulong.MaxValue;

    /// <summary>Tries a content that waits.</summary>
    /// <returns>Null: it waits no more. Otherwise until the peer has judged the own log beyond this offset, or for a writer.</returns>
    public ulong? Retry(DeferredContent waiting)
    {
        using var kept = replica.Conflicts.Open(waiting.Update);
        if (kept is null || TryRead(waiting) is not { } record)
        {
            // Somebody has tidied up the conflict store, or the disk has forgotten: the next version comes by itself.
            deferred.Remove(waiting);
            logger.DeferredContentLost(replica.Fileset, waiting.Object.ToString());
            return null;
        }

        record.Content = new FileContent(kept);
        var view = RecordView.Parse(record.Data);
        ulong? until;
        for (var attempt = 0; !Settle(waiting, record, view, attempt, out until); attempt++)
        {
            // A program was faster: what it did is in the log by now.
        }

        MarkLosses();
        return until;
    }

    /// <summary>A content will never be applied: what is kept of it is a conflict.</summary>
    public void Lose(DeferredContent waiting, Clash? clash = null, string? reason = null)
    {
        deferred.Remove(waiting);
        if (TryRead(waiting) is not { } record)
        {
            return;
        }

        var view = RecordView.Parse(record.Data);
        var conflict = Describe(view, RecordFacts.Kind(view), clash, Side.Server) with { Loser = waiting.Update };
        conflict = reason is null ? conflict : conflict with { Reason = reason };
        _applier.KeepDeferred(waiting.Update, conflict);
        counters.ConflictKept();
        logger.ConflictKept(replica.Fileset, conflict.Reason, conflict.Loser.ToString(), conflict.Winner.ToString());
    }

    /// <summary>Null: it can't be read.</summary>
    private static IncomingRecord? TryRead(DeferredContent waiting)
    {
        try
        {
            var wire = Wire.Record.Parser.ParseFrom(waiting.Payload);
            return RecordView.TryParse(wire.Data.Span, out _) == ParseStatus.Ok ? new IncomingRecord(wire) { IsFinding = waiting.Update.Counter >= DeferredContent.ToldAt } : null;
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }

    /// <summary>A content waits from now on. False: it isn't one, or nobody would tell when it can be applied.</summary>
    private bool Defer(IncomingRecord record, RecordView view, Fid file) => Defer(record, view, file, RecordFacts.Dot(view, replica.Self));

    /// <summary>
    /// At a client: so does the server's content that was fetched since one that was made here has lost. A program which
    /// has that open goes on from it: what he writes is sent as made by somebody who knew no more than its maker.
    /// </summary>
    private bool DeferFetched(IncomingRecord record, FetchedObject item, Fid parent, byte[] name, InterMezzo.Replication.Ports.Content content)
    {
        var finding = record.Wire.Findings.FirstOrDefault(finding => finding.Lost && WireTypes.ReadFid(finding.Fid) == item.Fid);
        if (finding is null || _own?.KnownTo(new Dot(finding.Replica, finding.Counter)) is not { } known)
        {
            return false;
        }

        var data = RecordFacts.StateAt(TakingBack(record).Dot, parent, name, item.Fid, item.State.Attr);
        var wire = new Wire.Record { Source = known, Data = ByteString.CopyFrom(data), Carry = Carry.Here, Attr = WireTypes.Write(item.State.Attr) };
        WireTypes.AddState(wire, item.State);
        return Defer(new IncomingRecord(wire) { Content = content, IsFinding = true }, RecordView.Parse(data), item.Fid, new Dot(peer, DeferredContent.ToldAt | record.Source));
    }

    private bool Defer(IncomingRecord record, RecordView view, Fid file, Dot update)
    {
        if (replica.Journal is null || record is not { Carry: Carry.Here, Content: { } content } || RecordFacts.Object(view, replica.Self) != file)
        {
            return false;
        }

        var payload = record.Wire.Clone();
        if (side == Side.Client)
        {
            // Of attributes the server knew more than of the content, if another one waits.
            payload.Known = Echo;
        }

        if (deferred.Find(file) is { } other && other.Peer != peer)
        {
            Supersede(file, UpdateKind.Writes);
        }

        var waiting = new DeferredContent(update, file, peer, log, record.Source, Known(record), payload.ToByteArray());
        var conflict = Describe(view, RecordFacts.Kind(view), null) with { Loser = update, Reason = Conflict.OpenForWriting };
        _applier.Defer(waiting, view, WireTypes.ReadState(record.Wire), content, conflict);
        if (deferred.Add(waiting) is { } useless)
        {
            _applier.DropDeferred(useless.Update);
        }

        logger.ContentDeferred(replica.Fileset, record.Source, file.ToString());
        return true;
    }

    /// <summary>
    /// Another object takes the place of a file that a program has open for writing (as editors save), or it is removed: what
    /// he writes from now on, elsewhere nobody would have, is in the conflict store. False: it is the file itself that changes.
    /// </summary>
    private bool EvictOpen(RecordView view, Origin origin, Fid open)
    {
        var it = RecordFacts.Object(view, replica.Self);
        if ((open == it && RecordFacts.Kind(view) != UpdateKind.Removes) || RecordFacts.Place(view, replica.Self, it) is not { } place)
        {
            return false;
        }

        if (HasOtherNames(open, out var attr))
        {
            var removal = RecordFacts.Removal(origin.Dot, place.Parent, place.Name, open, attr);
            return _applier.Apply(origin.Aside, RecordView.Parse(removal), null, null).IsDone;
        }

        if (Evict(origin.Aside, place.Parent, place.Name, open, Conflict.OpenForWriting) is not ApplyStatus.Applied)
        {
            return false;
        }

        Outdo(view, open);
        return true;
    }

    /// <summary>The file that a content waits for is removed, or another object takes its place.</summary>
    private void Outdo(RecordView view, Fid file)
    {
        if (deferred.Find(file) is { } waiting && (waiting.Peer != peer || !IsWhatWas(view, waiting)))
        {
            Lose(waiting, null, ConflictRules.Name(Side.Server, UpdateKind.Writes, FacetKind.Existence, UpdateKind.Removes));
        }
        else
        {
            state.Drop(deferred.Find(file));
        }
    }

    /// <summary>Whoever removed a file had the content that waits here in it. (His may have been replaced by what was closed off here.)</summary>
    private static bool IsWhatWas(RecordView removal, DeferredContent waiting) =>
        removal.TryGetAttrBefore(out var before) && TryRead(waiting) is { } record &&
        (WireTypes.ReadState(record.Wire)?.Attr ?? RecordFacts.StateAttr(RecordView.Parse(record.Data))) is { } was &&
        (was.Size, was.ModifyTime) == (before.Size, before.ModifyTime);

    /// <summary>Without this name it is still there.</summary>
    private bool HasOtherNames(Fid file, out KmlAttr attr)
    {
        using var there = replica.Tree.Open(file);
        attr = there?.ReadState().Attr ?? default;
        return attr.Links > 1;
    }

    private bool IsOpenHere(Fid file)
    {
        using var there = replica.Tree.Open(file);
        return there?.Writers == Writers.Writing;
    }

    /// <summary>At a server: a content arrives where another waits. That came first; perhaps it can be decided by now.</summary>
    /// <returns>True: the one that waits is another client's, and goes on waiting. What arrived has lost.</returns>
    private bool MeetWaiting(IncomingRecord record, RecordView view)
    {
        if (side == Side.Client || record.Content is null || deferred.Find(RecordFacts.Object(view, replica.Self)) is not { } waiting ||
            waiting.Update == RecordFacts.Dot(view, replica.Self))
        {
            return false;
        }

        var other = new BatchApplier(replica, state, deferred, state.SideTo(waiting.Peer), waiting.Peer, waiting.Log, time, counters, logger);
        if (other.Retry(waiting) is null || waiting.Peer == peer)
        {
            return false;
        }

        var kind = RecordFacts.Kind(view);
        var reason = ConflictRules.Name(side, kind, FacetKind.Content, UpdateKind.Writes);
        Keep(record, view, Describe(view, kind, null) with { Winner = waiting.Update, Reason = reason }, asObject: false);
        return true;
    }

    /// <summary>At a client: the server has removed the file, and knew what waits.</summary>
    private void DropRemoved(RecordView view, UpdateKind kind)
    {
        if (side == Side.Client && kind == UpdateKind.Removes)
        {
            Supersede(RecordFacts.Object(view, replica.Self), UpdateKind.Removes);
        }
    }

    /// <summary>What waits came before what the peer did; at a client that serves others it may be a client's, which the server has never seen.</summary>
    private void Supersede(Fid file, UpdateKind by)
    {
        if (deferred.Find(file) is { } waiting && waiting.Peer != peer)
        {
            var about = by == UpdateKind.Removes ? FacetKind.Existence : FacetKind.Content;
            Lose(waiting, null, ConflictRules.Name(Side.Server, UpdateKind.Writes, about, by));
        }
        else
        {
            state.Drop(deferred.Find(file));
        }
    }

    /// <summary>At a client: what was written to a file while the server's version waits, and perhaps was never sent (<see cref="DeferredContents.IsPassedOver"/>).</summary>
    private Clash? PassedOver(Fid file)
    {
        if (_own is null || deferred.Find(file) is not { } waiting || waiting.Peer != peer)
        {
            return null;
        }

        _own.CatchUpTo(waiting.Known);
        return _own.ContentOf(file, waiting.Known);
    }

    /// <summary>How much of this client's log the server's update knew. Whatever was written while another one waited has lost there.</summary>
    private ulong KnownToServer(IncomingRecord record) =>
        record.Content is not null && deferred.Find(RecordFacts.ContentOf(record.Data)) is { } waiting ? Math.Min(Echo, waiting.Known) : Echo;

    /// <summary>False: something has changed meanwhile, decide anew.</summary>
    private bool Settle(DeferredContent waiting, IncomingRecord record, RecordView view, int attempt, out ulong? until)
    {
        until = null;
        bool isHere, isOpen;
        using (var there = replica.Tree.Open(waiting.Object))
        {
            // The log is looked at afterwards: it has the CLOSE of whoever has gone.
            (isHere, isOpen) = (there is not null, there?.Writers == Writers.Writing);
        }

        var clash = ClashOf(view, waiting.Known);
        var isSame = clash is { Facet.Kind: FacetKind.Content } && IsHereAlready(record, view);
        if (isSame && (side == Side.Server || clash!.Value.Offset < state.Judged(peer)))
        {
            // A client's is sent as made by somebody who didn't know, and only then are both the same.
            clash = null;
        }

        var kind = KindOf(view);
        switch (ConflictRules.DecideDeferred(side, isHere, isOpen, clash, state.Judged(peer)))
        {
            case DeferredVerdict.Wait:
                until = isOpen ? ForWriter : clash!.Value.Offset;
                return true;
            case DeferredVerdict.Lose:
                Lose(waiting, clash);
                if (isHere)
                {
                    NoteLost(record, view);
                }

                return true;
            case DeferredVerdict.Drop:
                state.Drop(waiting);
                return true;
            case DeferredVerdict.CopyLocal:
                CopyLocal(view, kind, clash!.Value);
                break;
        }

        var origin = OriginOf(record, view) with { Seen = _own!.Seen };
        if ((clash is null && !YieldFound(record, view, kind, origin)) || !Enter(waiting, record, view, origin, attempt, out until))
        {
            return false;
        }

        if (isSame)
        {
            // Its maker may have taken the other one's by now, which has another time.
            NoteLost(record, view);
        }
        else if (HasSet(waiting.Object, waiting.Known))
        {
            // Its maker knew less of it than what is sent to him next.
            NoteLost(record, view, isContent: false);
        }

        return true;
    }

    /// <summary>The same as when it came; what has been set on the file since has records of its own, which were applied.</summary>
    private ObjectState StateNow(DeferredContent waiting, IncomingRecord record, RecordView view)
    {
        // What programs set meanwhile is theirs, unless its maker knew that.
        var known = side == Side.Client && record.Wire.Known != 0 ? record.Wire.Known : waiting.Known;
        var state = StateOf(record, view, known) ?? StateOfRecord(view) ?? new ObjectState { Attr = default };
        var since = _own!.SetSince(waiting.Object, waiting.Known, waiting.Source, others: side == Side.Server);
        return new ObjectState
        {
            Attr = RecordFacts.Merge(state.Attr, since.Attributes),
            Target = state.Target,
            Xattrs = since.Xattrs ? null : state.Xattrs,
        };
    }

    private bool Enter(DeferredContent waiting, IncomingRecord record, RecordView view, Origin origin, int attempt, out ulong? until)
    {
        until = null;
        var outcome = _applier.Apply(origin, view, StateNow(waiting, record, view), record.Content);
        switch (outcome.Status)
        {
            case ApplyStatus.Applied or ApplyStatus.AlreadySo:
                if (!replica.Journal!.Info.Exact)
                {
                    // Below, what is kept could go before what was applied has come.
                    state.Flush();
                }

                state.Drop(waiting);
                logger.DeferredContentApplied(replica.Fileset, record.Source, waiting.Object.ToString());
                return true;
            case ApplyStatus.Changed or ApplyStatus.MissingObject:
                return false;
            case ApplyStatus.Busy:
                // He who came meanwhile is found when it is looked at once more; he who executes it isn't.
                until = ForWriter;
                return attempt > 0;
            default:
                Lose(waiting, null, outcome.Status.ToString());
                return true;
        }
    }
}
