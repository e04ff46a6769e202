// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;
using Carry = InterMezzo.Protocol.Replication.Carry;

namespace InterMezzo.Lento.Replication;

/// <summary>What loses is kept in the conflict store.</summary>
internal sealed partial class BatchApplier
{
    // At a server: a join is telling of objects; perhaps it was when the link broke.
    private bool _mayLeaveAside = true;

    private ApplyStatus Evict(Origin origin, Fid parent, ReadOnlySpan<byte> name, Fid subject, string reason)
    {
        var conflict = new Conflict(new Dot(replica.Self, 0), origin.Dot, reason, time.GetUtcNow(), subject, parent, name.ToArray());
        return Kept(_applier.EvictToConflictStore(origin, parent, name, subject, conflict));
    }

    private ApplyStatus Kept(ApplyOutcome outcome)
    {
        if (outcome.IsDone)
        {
            counters.ConflictKept();
        }

        return outcome.Status;
    }

    private void Keep(IncomingRecord record, RecordView view, Conflict conflict, bool asObject)
    {
        NoteLost(record, view);
        if (view.Op == Op.Link)
        {
            // What its maker has under that name: should he remove the other names, nobody else would have it.
            _applier.CopyToConflictStore(RecordFacts.Object(view, replica.Self), conflict);
        }

        _applier.PreserveIncoming(view, WireTypes.ReadState(record.Wire), record.Content, conflict, asObject);
        counters.ConflictKept();
        logger.ConflictKept(replica.Fileset, conflict.Reason, conflict.Loser.ToString(), conflict.Winner.ToString());
    }

    /// <summary>
    /// A record that the tree doesn't take; at a server, what it brings is kept, unless what it is about will enter as a
    /// whole.
    /// </summary>
    private void KeepUnfit(IncomingRecord record, RecordView view, ApplyOutcome outcome)
    {
        if ((outcome.Status == ApplyStatus.Busy && Defer(record, view, outcome.Subject)) ||
            (record.Wire.Joining && outcome.Status is ApplyStatus.MissingObject or ApplyStatus.MissingParent))
        {
            return;
        }

        if (record.Wire.Joining && RecordFacts.MovesNames(view) && outcome.Status is ApplyStatus.Elsewhere or ApplyStatus.NameTaken)
        {
            // It is told where it stands by then; or it gave way to what the server has, and isn't told of again.
            NoteLost(record, view);
            return;
        }

        var kind = RecordFacts.Kind(view);
        logger.RecordDoesNotFit(replica.Fileset, record.Source, outcome.Status, outcome.Subject.ToString(), outcome.Errno);
        Keep(record, view, Describe(view, kind, null) with { Reason = outcome.Status.ToString() }, kind == UpdateKind.Creates);
        Ask(record);
    }

    /// <summary>
    /// At a server: new content of an object that left the tree while it was open for writing here. No client has what was
    /// written to it here since: neither takes the place of the other.
    /// </summary>
    private bool IsKeptBeside(IncomingRecord record, RecordView view)
    {
        var kind = KindOf(view);
        if (side == Side.Client || kind != UpdateKind.Writes || record is not { Carry: Carry.Here, Content: not null } ||
            !_applier.IsKeptOpen(RecordFacts.Object(view, replica.Self)))
        {
            return false;
        }

        Keep(record, view, Describe(view, kind, null) with { Reason = ConflictRules.Name(side, kind, FacetKind.Existence, UpdateKind.Removes) }, asObject: false);
        return true;
    }

    private void CopyLocal(RecordView view, UpdateKind kind, Clash clash)
    {
        var conflict = DescribeLocal(view, kind, clash);
        if (_applier.CopyToConflictStore(clash.Facet.Object, conflict).IsDone)
        {
            counters.ConflictKept();
            logger.ConflictKept(replica.Fileset, conflict.Reason, conflict.Loser.ToString(), conflict.Winner.ToString());
        }
    }

    /// <summary>False: it has changed meanwhile.</summary>
    private bool Evict(Origin origin, RecordView view, Clash clash)
    {
        var conflict = DescribeLocal(view, UpdateKind.Removes, clash);
        var subject = RecordFacts.Object(view, replica.Self);
        var aside = origin with { Parents = null };
        var outcome = _applier.EvictToConflictStore(
            aside, RecordFacts.Parent(view, replica.Self), RecordFacts.FirstName(view), subject, conflict);
        if (outcome.Status is not (ApplyStatus.Applied or ApplyStatus.Changed) && _own?.LastPlace(subject, Echo) is { } place)
        {
            outcome = _applier.EvictToConflictStore(aside, place.Parent, place.Name, subject, conflict);
        }

        if (outcome.Status == ApplyStatus.Applied)
        {
            counters.ConflictKept();
            logger.ConflictKept(replica.Fileset, conflict.Reason, conflict.Loser.ToString(), conflict.Winner.ToString());
        }

        return outcome.Status != ApplyStatus.Changed;
    }

    /// <summary>At a client: what was written here to a file that another takes the place of is kept. False: it has changed meanwhile.</summary>
    private bool EvictReplaced(RecordView view, Origin origin, ulong known)
    {
        var replaced = RecordFacts.Replaced(view, replica.Self);
        if (replaced.IsNone || (_own?.ContentOf(replaced, known) ?? PassedOver(replaced)) is not { } clash || HasOtherNames(replaced, out _) ||
            RecordFacts.Place(view, replica.Self, replaced) is not { } place)
        {
            return true;
        }

        var conflict = DescribeLocal(view, UpdateKind.Removes, clash) with { Object = replaced, Parent = place.Parent, Name = place.Name };
        var status = Kept(_applier.EvictToConflictStore(origin.Aside, place.Parent, place.Name, replaced, conflict));
        if (status == ApplyStatus.Applied)
        {
            Outdo(view, replaced);
        }

        return status != ApplyStatus.Changed;
    }

    /// <summary>
    /// At a server: an object whose last name here another one takes, and to which its maker had given one in vain: he has
    /// it still. False: it has changed meanwhile.
    /// </summary>
    private bool EvictDoubted(RecordView view, Origin origin, ulong known)
    {
        var replaced = RecordFacts.Replaced(view, replica.Self);
        return replaced.IsNone || _lost.Find([new Touch(Facet.Existence(replaced), true)], known) is null || HasOtherNames(replaced, out _) ||
            RecordFacts.Place(view, replica.Self, replaced) is not { } place ||
            Evict(origin.Aside, place.Parent, place.Name, replaced, "remove/remove") != ApplyStatus.Changed;
    }

    /// <summary>What arrived loses, or at a client wins.</summary>
    private Conflict Describe(RecordView view, UpdateKind kind, Clash? clash) => Describe(view, kind, clash, side);

    private Conflict Describe(RecordView view, UpdateKind kind, Clash? clash, Side found) => new(
        RecordFacts.Dot(view, replica.Self),
        clash is { } other ? _own!.DotAt(other.Offset) : default,
        clash is { } facet ? ConflictRules.Name(found, kind, facet.Facet.Kind, _own!.KindAt(facet.Offset)) : "unfit",
        time.GetUtcNow(),
        RecordFacts.Object(view, replica.Self),
        RecordFacts.Parent(view, replica.Self),
        RecordFacts.FirstName(view).ToArray());

    private Conflict DescribeLocal(RecordView view, UpdateKind kind, Clash clash) =>
        Describe(view, kind, clash) with { Loser = _own!.DotAt(clash.Offset), Winner = RecordFacts.Dot(view, replica.Self) };

    /// <summary>
    /// At a server: a join has told all, and nothing of what it had told of one name of, and then took away: its maker keeps
    /// what has no name in his tree any more.
    /// </summary>
    private void KeepUntold(IReadOnlyList<IncomingBatch> batches)
    {
        var isTelling = batches[^1].Records.Exists(record => record.Wire.Joining);
        if (side == Side.Server && _mayLeaveAside && !isTelling)
        {
            foreach (var fid in _applier.Aside.Where(fid => fid.Replica == peer))
            {
                Evict(_last.Aside, default, System.Text.Encoding.ASCII.GetBytes(fid.ToString()), fid, Conflict.MovedAway);
            }
        }

        _mayLeaveAside = isTelling;
    }

    /// <summary>
    /// What waits here for a place gets none: it isn't there any more. If something was written to it that the peer has yet
    /// to judge, or it holds what nobody told of, it is kept.
    /// </summary>
    private void DropOrKeepAside(Origin origin, ulong known, Fid fid)
    {
        if (!_applier.Aside.Contains(fid))
        {
            return;
        }

        var clash = _own?.ContentOf(fid, known) ?? PassedOver(fid);
        if (clash is null && !IsOpenHere(fid) && _applier.Entries(fid) is not { Count: > 0 })
        {
            _applier.DropAside(fid);
            return;
        }

        var (parent, name) = _own?.LastPlace(fid, known) ?? (default, System.Text.Encoding.ASCII.GetBytes(fid.ToString()));
        var reason = clash is { } own
            ? ConflictRules.Name(Side.Client, UpdateKind.Removes, own.Facet.Kind, _own!.KindAt(own.Offset))
            : Conflict.OpenForWriting;
        var conflict = new Conflict(
            clash is { } written ? _own!.DotAt(written.Offset) : new Dot(replica.Self, 0), origin.Dot, reason, time.GetUtcNow(), fid, parent, name);
        _ = Kept(_applier.EvictToConflictStore(origin, parent, name, fid, conflict));
    }
}
