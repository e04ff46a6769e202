// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Protocol.Replication;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;
using Carry = InterMezzo.Protocol.Replication.Carry;

namespace InterMezzo.Lento.Replication;

/// <summary>Applies a record to the tree, and takes what stands in its way out of it.</summary>
internal sealed partial class BatchApplier
{
    /// <summary>Applies a record, clearing what stands in its way.</summary>
    /// <returns>Changed: nothing was decided. Applied, AlreadySo: so it is. Otherwise it was kept aside, or something is missing.</returns>
    private ApplyOutcome Force(IncomingRecord record, RecordView view, Origin origin, Clash? clash, ref ApplyStep? missing)
    {
        var content = record.Carry == Carry.Here ? record.Content : null;
        if (MayLackObject(record) && RecordFacts.IsExchange(view) && view.TryGetReplaced(out var other) &&
            Exists(RecordFacts.Object(view, replica.Self)) is var isFirst && isFirst != Exists(other.Fid))
        {
            view = RecordView.Parse(RecordFacts.HalfExchange(view, second: !isFirst));
        }

        for (var attempt = 0; ; attempt++)
        {
            var outcome = IsNotLastName(record, view)
                ? _applier.SetAside(origin, RecordFacts.Parent(view, replica.Self), RecordFacts.FirstName(view), RecordFacts.Object(view, replica.Self))
                : _applier.Apply(origin, view, StateOf(record, view, Known(record)), content);
            if (side == Side.Server && RecordFacts.Kind(view) == UpdateKind.Removes && outcome.Status is ApplyStatus.NameTaken or ApplyStatus.AlreadySo or ApplyStatus.MissingParent)
            {
                outcome = RemoveElsewhere(view, origin) ?? outcome;
            }

            if (outcome.IsDone || outcome.Status == ApplyStatus.Changed)
            {
                return outcome;
            }

            if (view.Op is Op.Unlink or Op.Rmdir or Op.Leave && outcome.Status is ApplyStatus.MissingObject or ApplyStatus.MissingParent)
            {
                AskIfElsewhere(record, view);
                return outcome;
            }

            if (MayLackObject(record) && outcome.Status == ApplyStatus.MissingObject && outcome.Subject == RecordFacts.Object(view, replica.Self))
            {
                return new ApplyOutcome(RemoveReplaced(view, origin) ?? ApplyStatus.AlreadySo);
            }

            if (attempt < Attempts && outcome.Status == ApplyStatus.Busy && EvictOpen(view, origin, outcome.Subject))
            {
                continue;
            }

            if (attempt < Attempts && (side == Side.Server || RecordFacts.IsFound(view)) && MakeRoom(record, view, origin, outcome))
            {
                continue;
            }

            if (HasMetProgram(view, Known(record), clash))
            {
                return new ApplyOutcome(ApplyStatus.Changed);
            }

            if (attempt == Attempts || side == Side.Server)
            {
                if (!LeavesInstead(view, origin, outcome))
                {
                    KeepUnfit(record, view, outcome);
                }

                return outcome;
            }

            if (outcome.Status is ApplyStatus.MissingObject or ApplyStatus.MissingParent)
            {
                if (outcome.Status == ApplyStatus.MissingObject && RemoveReplaced(view, origin.AsPart) is { } changed)
                {
                    return new ApplyOutcome(changed);
                }

                if (_own?.HasRemoved(outcome.Subject, Known(record)) == true)
                {
                    // The server has yet to judge that. If it keeps the object, it says so.
                    AskIfElsewhere(record, view);
                    return outcome;
                }

                if (PlaceOf(view, outcome) is not { } place || !_fetched.Add(outcome.Subject))
                {
                    logger.RecordWithoutObject(replica.Fileset, record.Source, outcome.Subject.ToString());
                    Ask(record);
                    AskAbout(outcome.Subject);
                    return outcome;
                }

                _fetched.Remove(outcome.Subject);
                missing = new ApplyStep(0, outcome.Subject, place.Parent, place.Name);
                return outcome;
            }

            var cleared = Clear(origin, view, outcome);
            if (cleared == ApplyStatus.Changed)
            {
                return new ApplyOutcome(cleared);
            }

            if (cleared is not (ApplyStatus.Applied or ApplyStatus.AlreadySo))
            {
                KeepUnfit(record, view, outcome);
                return outcome;
            }
        }
    }

    /// <summary>What it is about is gone at its maker's, and has perhaps never been here; or a join tells of it later.</summary>
    private static bool MayLackObject(IncomingRecord record) => record.Carry == Carry.Gone || record.Wire.Joining;

    /// <summary>
    /// At a server: an object that a join tells of loses the only name that was told yet; the others follow. At a client: one
    /// that was removed here is there still, which the server has yet to tell of.
    /// </summary>
    private bool IsNotLastName(IncomingRecord record, RecordView view) =>
        (record.Wire.Joining || side == Side.Client) && TakesLastName(view);

    /// <summary>One name of several was removed, of which here is no other: nobody wanted the object to go.</summary>
    private bool TakesLastName(RecordView view)
    {
        if (view.Op != Op.Unlink || RecordFacts.Kind(view) == UpdateKind.Removes)
        {
            return false;
        }

        using var there = replica.Tree.OpenAt(RecordFacts.Parent(view, replica.Self), view.Name);
        return there is { Links: 1 } && there.Fid == RecordFacts.Object(view, replica.Self);
    }

    /// <summary>
    /// At a server: an object is gone at its maker's, where it had a name that it has lost here. Nobody else did anything
    /// to it: it goes. Null: it is gone already.
    /// </summary>
    private ApplyOutcome? RemoveElsewhere(RecordView view, Origin origin)
    {
        var fid = RecordFacts.Object(view, replica.Self);
        using var there = replica.Tree.Open(fid);
        if (there is null || replica.Tree.PlaceOf(fid) is not { } place || (HasOtherNames(fid, out var attr) && !RecordFacts.IsDirectory(attr.Mode)))
        {
            return null;
        }

        var removal = RecordFacts.Removal(origin.Dot, place.Parent, place.Name, fid, attr);
        return _applier.Apply(origin with { Parents = null }, RecordView.Parse(removal), null, null) with { Named = false };
    }

    /// <summary>
    /// At a server: a client that joined tells with an ENTER that an object stands at a name, whatever records of its
    /// that came before, and meant something that was not told yet, could or could not do.
    /// </summary>
    private bool MakeRoom(IncomingRecord record, RecordView view, Origin origin, ApplyOutcome outcome)
    {
        var parent = RecordFacts.Parent(view, replica.Self);
        if (view.Op != Op.Enter && !RecordFacts.IsFound(view))
        {
            return outcome.Status == ApplyStatus.NameTaken && EvictFound(record, view, origin, outcome);
        }

        switch (outcome.Status)
        {
            case ApplyStatus.NameTaken when RecordFacts.IsFound(view) && _own?.HasName(parent, RecordFacts.FirstName(view), Known(record)) != true:
                return Displace(origin, parent, RecordFacts.FirstName(view), outcome.Subject) is ApplyStatus.Applied;
            case ApplyStatus.NameTaken:
                return Evict(origin.Aside, parent, RecordFacts.FirstName(view), outcome.Subject, "name/name") is ApplyStatus.Applied;
            case ApplyStatus.Elsewhere when !view.Flags.HasFlag(RecordFlags.Directory) && (RecordFacts.StateAttr(view) is { Links: > 1 } || IsNamedHere(outcome.Subject, Known(record))):
                return _applier.EnterLink(origin.Aside, parent, RecordFacts.FirstName(view), outcome.Subject).Status == ApplyStatus.Applied;
            case ApplyStatus.Elsewhere:
                return _applier.SetAside(origin.Aside, outcome.Subject).Status == ApplyStatus.Applied;
            default:
                return false;
        }
    }

    /// <summary>By an update that the peer has yet to judge, it has the name by which it stands here.</summary>
    private bool IsNamedHere(Fid fid, ulong known) =>
        side == Side.Client && replica.Tree.PlaceOf(fid) is { } place && _own?.HasName(place.Parent, place.Name, known) == true;

    /// <summary>At a server: an object moved to a directory that isn't here (yet). It leaves; told of there, it enters again.</summary>
    private bool LeavesInstead(RecordView view, Origin origin, ApplyOutcome outcome)
    {
        var (parent, fid) = (RecordFacts.Parent(view, replica.Self), RecordFacts.Object(view, replica.Self));
        return side == Side.Server && view.Op == Op.Rename && outcome.Status == ApplyStatus.MissingParent && parent != outcome.Subject &&
            Evict(origin, parent, RecordFacts.FirstName(view), fid, Conflict.MovedAway) is ApplyStatus.Applied;
    }

    /// <summary>At a client: takes what stands in the way of the server's version out of its way.</summary>
    private ApplyStatus Clear(Origin origin, RecordView view, ApplyOutcome outcome)
    {
        switch (outcome.Status)
        {
            case ApplyStatus.NameTaken:
                var name = outcome.SecondName ? RecordFacts.SecondName(view) : RecordFacts.FirstName(view);
                return SetAsideOrEvict(origin, outcome.Parent, name, outcome.Subject);
            case ApplyStatus.NotEmpty:
                return Kept(_applier.EvictToConflictStore(
                    origin.Aside, RecordFacts.Parent(view, replica.Self), RecordFacts.FirstName(view), outcome.Subject,
                    Describe(view, UpdateKind.Removes, null)));
            case ApplyStatus.Cycle:
                return BreakCycle(origin, view);
            case ApplyStatus.Elsewhere when view.Op == Op.Rename && KeepsItsNames(outcome.Subject):
                // Whichever of them the server doesn't have, it says so.
                return AddName(origin, view, outcome.Subject);
            case ApplyStatus.Elsewhere when _own?.LastPlace(outcome.Subject, Echo) is { } place:
                var aside = _applier.SetAside(origin.Aside, place.Parent, place.Name, outcome.Subject).Status;
                return aside == ApplyStatus.AlreadySo && view.Op == Op.Rename ? AddName(origin, view, outcome.Subject) : aside;
            case ApplyStatus.Elsewhere when origin.MakesNothing:
                // What it is called here, the server has judged.
                return RecordFacts.StateAttr(view) is { Links: > 1 } there && !RecordFacts.IsDirectory(there.Mode)
                    ? _applier.EnterLink(origin.Aside, RecordFacts.Parent(view, replica.Self), RecordFacts.FirstName(view), outcome.Subject).Status
                    : _applier.SetAside(origin.Aside, outcome.Subject).Status;
            default:
                return outcome.Status;
        }
    }

    /// <summary>What would take a directory into itself was moved there here, which has lost: the server tells where it belongs.</summary>
    private ApplyStatus BreakCycle(Origin origin, RecordView view)
    {
        var moved = RecordFacts.Object(view, replica.Self);
        for (var at = RecordFacts.SecondParent(view, replica.Self); at != moved && replica.Tree.PlaceOf(at) is { } place; at = place.Parent)
        {
            if (_own?.LastPlace(at, Echo) is not null)
            {
                return _applier.SetAside(origin.Aside, at).Status;
            }
        }

        return ApplyStatus.Cycle;
    }

    /// <summary>A file of several names here, or one that it was given beside that which is renamed.</summary>
    private bool KeepsItsNames(Fid fid) =>
        HasOtherNames(fid, out var attr) ? !RecordFacts.IsDirectory(attr.Mode) : _own?.WasLinked(fid, Echo) == true;

    /// <summary>One of several names was renamed, which is gone here: the object gets the new one as well. (If names are exchanged, first it gets its old one back.)</summary>
    private ApplyStatus AddName(Origin origin, RecordView view, Fid fid)
    {
        using var there = replica.Tree.Open(fid);
        var isFirst = RecordFacts.IsExchange(view) && RecordFacts.Object(view, replica.Self) == fid;
        return there is null || RecordFacts.IsDirectory(there.Type)
            ? ApplyStatus.Elsewhere
            : isFirst
            ? _applier.EnterLink(origin.Aside, RecordFacts.Parent(view, replica.Self), RecordFacts.FirstName(view), fid).Status
            : _applier.EnterLink(origin, RecordFacts.SecondParent(view, replica.Self), RecordFacts.SecondName(view), fid).Status;
    }

    /// <summary>An object made here goes to the conflict store; one that the server knows gets its place by a later record.</summary>
    private ApplyStatus SetAsideOrEvict(Origin origin, Fid parent, ReadOnlySpan<byte> name, Fid subject)
    {
        if (HasOtherNames(subject, out var attr) && !RecordFacts.IsDirectory(attr.Mode))
        {
            var removal = RecordFacts.Removal(origin.Dot, parent, name, subject, attr);
            return _applier.Apply(origin.Aside, RecordView.Parse(removal), null, null).Status;
        }

        if (subject.Replica != replica.Self)
        {
            return _applier.SetAside(origin.Aside, parent, name, subject).Status;
        }

        return Evict(origin.Aside, parent, name, subject, "name/name");
    }

    /// <summary>
    /// What an object that isn't here took the name of is gone, whether it can be fetched or is gone by now, too. Changed: look again. Null: go on.
    /// </summary>
    private ApplyStatus? RemoveReplaced(RecordView view, Origin origin)
    {
        var replaced = RecordFacts.Replaced(view, replica.Self);
        if (replaced.IsNone || !view.TryGetReplaced(out var was) || RecordFacts.Place(view, replica.Self, replaced) is not { } place)
        {
            return null;
        }

        var removal = RecordFacts.Removal(origin.Dot, place.Parent, place.Name, replaced, new KmlAttr { Mode = was.Mode });
        var status = _applier.Apply(origin, RecordView.Parse(removal), null, null).Status;
        return status == ApplyStatus.Changed ? status : null;
    }
}
