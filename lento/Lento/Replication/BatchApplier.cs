// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Protocol.Replication;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;
using Microsoft.Extensions.Logging;
using Carry = InterMezzo.Protocol.Replication.Carry;
using Position = InterMezzo.Replication.Position;

namespace InterMezzo.Lento.Replication;

/// <summary>Where a batch stands: finished, or it waits for an object that must be fetched first.</summary>
/// <param name="Next">Index of the record that goes on.</param>
/// <param name="Missing">The object to fetch. Null: the batch is finished.</param>
/// <param name="Parent">Where it belongs.</param>
/// <param name="Name">Under which name.</param>
internal sealed record ApplyStep(int Next, Fid? Missing, Fid Parent, byte[] Name)
{
    public static ApplyStep Finished { get; } = new(0, null, default, []);
}

/// <summary>
/// Applies a peer's batches, record by record, and decides what happens when
/// they meet updates made here. All members are for the apply thread.
/// </summary>
internal sealed partial class BatchApplier(
    IReplica replica, ReplicationState state, DeferredContents deferred, Side side, ulong peer, LogId log, TimeProvider time, Counters counters, ILogger logger)
{
    /// <summary>A record that still doesn't fit after so many obstacles were cleared is kept aside.</summary>
    private const int Attempts = 4;

    private readonly IApplier _applier = replica.Applier;
    private readonly OwnUpdates? _own = replica.Journal is null ? null
        : new OwnUpdates(replica.Journal, replica.Self, peer);
    private readonly HashSet<Fid> _fetched = [];

    /// <summary>The last update that was applied.</summary>
    private Origin _last;

    /// <summary>The peer has this much of the own log in its own.</summary>
    public ulong Echo { get; private set; } = state.Of(peer)?.Echo ?? 0;

    /// <summary>Facets of own updates in memory, which the peer may not know.</summary>
    public int Remembered => _own?.Count ?? 0;

    /// <summary>The own log begins at an offset from now on: what lay before, everybody knows.</summary>
    public void OnTrimmed(ulong below) => _own?.Forget(below);

    public ApplyStep Run(IncomingBatch batch, int from)
    {
        var done = state.Of(peer)?.Done ?? 0;
        for (var i = from; i < batch.Records.Count; i++)
        {
            var record = batch.Records[i];
            if (record.Wire.Echo != 0)
            {
                Echo = Math.Max(Echo, record.Wire.Echo);
                if (side == Side.Client && TakeBack(record) is { } fetch)
                {
                    return fetch with { Next = i };
                }
            }
            else if (record.Wire.Question is not null)
            {
                Answer(record);
            }
            else if (record.Source > done && Apply(record) is { } missing)
            {
                return missing with { Next = i };
            }
        }

        return ApplyStep.Finished;
    }

    /// <summary>All records are applied: makes it so for good.</summary>
    public void Finish(IReadOnlyList<IncomingBatch> batches)
    {
        SettleTimes();
        AskAboutAside();
        KeepUntold(batches);
        state.EndBatch(peer, side, new Position(log, batches[^1].To), batches[^1].Check, Echo);
        _applier.Flush();
        _own?.Forget(side == Side.Client ? Echo : KnownBy(batches[^1]));
        _lost.DropBelow(KnownBy(batches[^1]));
        _fetched.Clear();
        _fetchedBack.Clear();
    }

    /// <summary>What follows is in the log, and says that all before it is done: so it is, should this program end in the middle of the batch.</summary>
    private void SettleTimes()
    {
        if (_last != default)
        {
            _applier.ApplyParentTimes(_last);
        }
    }

    private ApplyStep? Apply(IncomingRecord record)
    {
        var view = RecordView.Parse(record.Data);
        var isCovered = RecordFacts.IsCoveredElsewhere(view, (InterMezzo.Replication.Carry)record.Carry);
        if (RecordFacts.AttributesAlone(view, (InterMezzo.Replication.Carry)record.Carry) is { } attributes)
        {
            view = RecordView.Parse(attributes);
            isCovered = false;
        }

        var origin = OriginOf(record, view);
        if (_applier.SetsParentTimes)
        {
            SettleTimes();
        }

        if (!isCovered)
        {
            ApplyStep? missing = null;
            while (!Judge(record, view, ref missing))
            {
                // A program was faster: what it did is in the log by now.
            }

            if (missing is not null)
            {
                return missing;
            }

            _last = origin;
        }
        else
        {
            NoteBeaten(record, view);
        }

        if (_losses.Count > 0)
        {
            // What is told of directories has their mtimes then.
            SettleTimes();
            MarkLosses();
        }

        state.Applied(peer, origin);
        return null;
    }

    /// <summary>Decides and does. False: something has changed meanwhile, decide anew.</summary>
    private bool Judge(IncomingRecord record, RecordView view, ref ApplyStep? missing)
    {
        if (view.Op == Op.List)
        {
            return ApplyList(record, view, OriginOf(record, view));
        }

        if (record.Carry == Carry.Gone && RecordFacts.MovesNames(view) && !view.Has(FieldType.Replaced) && !Exists(RecordFacts.Object(view, replica.Self)))
        {
            // It came and went within the batch, and has never been here.
            _own?.CatchUpTo(Known(record));
            NoteParents(record, view);
            return true;
        }

        if (MeetWaiting(record, view) || IsKeptBeside(record, view))
        {
            return true;
        }

        var known = Known(record);
        var clash = ClashOf(view, known);
        if (record.IsFinding && _own?.HasLastingName(RecordFacts.Parent(view, replica.Self), RecordFacts.FirstName(view), Echo, RecordFacts.Object(view, replica.Self)) == true)
        {
            // A program has changed that meanwhile.
            return true;
        }

        if (record.IsFinding)
        {
            // Where it stands is all that a finding decides.
            clash = null;
        }

        var origin = OriginOf(record, view) with { Seen = _own?.Seen ?? 0, Parents = ParentsOf(record, view) };
        if (clash is { Facet.Kind: FacetKind.Content } && IsHereAlready(record, view))
        {
            clash = null;

            // Its maker may have taken the other one's by now, which has another time.
            NoteLost(record, view);
        }
        else if (clash is not null && RecordFacts.IsFound(view) && !_beaten.Contains(RecordFacts.Object(view, replica.Self)))
        {
            // What was done here comes to the maker, and stays there as well.
            return true;
        }

        if (side == Side.Server && RecordFacts.SetsDirectoryTime(view, out var directory, out _) && HasOwnTime(directory, known, view))
        {
            return true;
        }

        if (side == Side.Server && !record.Wire.Joining && TakesLastName(view))
        {
            Keep(record, view, Describe(view, RecordFacts.Kind(view), clash) with { Reason = "remove/remove" }, asObject: false);
            return true;
        }

        if (RecordFacts.SetsOnlyTime(view) && _own?.HasResized(RecordFacts.Object(view, replica.Self), known) == true)
        {
            // A truncation brings its own mtime, to the maker of this one as well.
            NoteLost(record, view);
            return true;
        }

        var kind = KindOf(view);
        if (side == Side.Server && kind == UpdateKind.Writes && HasSet(RecordFacts.Object(view, replica.Self), known))
        {
            // Attributes and time stay as they are here, whatever a client's client set, or a truncation before it.
            NoteLost(record, view, isContent: view.Op == Op.Enter);
        }

        if (clash is null && !YieldFound(record, view, kind, origin))
        {
            return false;
        }

        var decision = ConflictRules.Decide(side, kind, clash?.Facet.Kind);
        if (side == Side.Client
            ? !EvictReplaced(view, origin, known)
            : decision is not (Verdict.KeepIncoming or Verdict.KeepIncomingObject) && !EvictDoubted(view, origin, record.Wire.Known))
        {
            return false;
        }

        var (set, isLost) = (false, false);
        switch (decision)
        {
            case Verdict.KeepIncoming or Verdict.KeepIncomingObject when IsMoot(view, kind):
                break;
            case Verdict.KeepIncoming when IsSameHere(record, view):
                // Its maker is told how it is all the same: what it did may have another time.
                NoteLost(record, view);
                isLost = true;
                break;
            case (Verdict.KeepIncoming or Verdict.KeepIncomingObject) and var verdict:
                Keep(record, view, Describe(view, kind, clash), asObject: verdict == Verdict.KeepIncomingObject);
                isLost = true;
                break;
            case Verdict.CopyLocal when IsOpenHere(clash!.Value.Facet.Object) && Defer(record, view, clash.Value.Facet.Object):
                break;
            case Verdict.CopyLocal:
                if (!IsSameHere(record, view))
                {
                    CopyLocal(view, kind, clash!.Value);
                }

                goto default;
            case Verdict.EvictLocal:
                if (!Evict(origin, view, clash!.Value))
                {
                    return false;
                }

                break;
            default:
                var outcome = TakesBack(view, clash)
                    ? Force(record, AsWhole(view, known), origin, clash, ref missing)
                    : Force(record, view, origin, clash, ref missing);
                if (outcome.Status == ApplyStatus.Changed)
                {
                    return false;
                }

                set = outcome is { Status: ApplyStatus.Applied, Named: true } && _applier.SetsParentTimes;
                isLost = side == Side.Server && !outcome.IsDone;
                if (outcome.IsDone && !outcome.Named && RecordFacts.ChangesNames(view))
                {
                    // Not quite as its maker has it: what stood in its way there may be elsewhere here.
                    NoteLost(record, view);
                }

                if (outcome.IsDone && (GoesOn(RecordFacts.Replaced(view, replica.Self), record.Wire.Known) || HasMetProgram(view, known, clash)))
                {
                    NoteLost(record, view);
                }

                if (outcome.IsDone && record.Content is not null)
                {
                    Supersede(RecordFacts.Object(view, replica.Self), UpdateKind.Writes);
                }

                break;
        }

        if (missing is null && !isLost)
        {
            NoteParents(record, view, set);
        }

        if (missing is null)
        {
            DropRemoved(view, kind);
        }

        return true;
    }

    /// <summary>At a server: a program used one of the names at the last moment, when what was to be done was decided.</summary>
    private bool HasMetProgram(RecordView view, ulong known, Clash? clash) =>
        side == Side.Server && clash is null && ClashOf(view, known) is { Facet.Kind: FacetKind.Name or FacetKind.Existence };

    /// <summary>At a client: the mode, owner or time that was set here has lost at the server as a whole, whatever the server's sets of it.</summary>
    private bool TakesBack(RecordView view, Clash? clash) =>
        side == Side.Client && clash is { Facet.Kind: FacetKind.Attributes } && RecordFacts.SetsAttributes(view) && view.Has(FieldType.AttrBefore);

    /// <summary>The mtime is that of what was written here, unless the server's update sets it.</summary>
    private RecordView AsWhole(RecordView view, ulong known) =>
        RecordView.Parse(RecordFacts.Whole(view, withTime: _own!.ContentOf(RecordFacts.Object(view, replica.Self), known) is null));

    /// <summary>What was found of an object that is here is a new version of it.</summary>
    private UpdateKind KindOf(RecordView view) =>
        view.Op == Op.Enter && ((RecordFacts.IsFound(view) && Exists(RecordFacts.Object(view, replica.Self))) || IsToldAgain(view)) ? UpdateKind.Writes : RecordFacts.Kind(view);

    /// <summary>At a server: an earlier record made an object that a client which joins tells of as a whole.</summary>
    private bool IsToldAgain(RecordView view) =>
        side == Side.Server && view.Op == Op.Enter && replica.Tree.PlaceOf(RecordFacts.Object(view, replica.Self)) is not null;

    /// <summary>Both sides have made it the same: after a power cut an update comes again, and what was found of it may have come before.</summary>
    private bool IsHereAlready(IncomingRecord record, RecordView view) =>
        record is { Carry: Carry.Here, Content: { } content } && (WireTypes.ReadState(record.Wire) ?? StateOfRecord(view)) is { } state &&
        _applier.Holds(RecordFacts.Object(view, replica.Self), state, content);

    private static ObjectState? StateOfRecord(RecordView view) =>
        RecordFacts.StateAttr(view) is { } attr ? new ObjectState { Attr = attr } : null;

    /// <summary>What was done here, and the maker of an update didn't know, that disagrees with it.</summary>
    private Clash? ClashOf(RecordView view, ulong known)
    {
        var clash = _own?.Find(view, known);
        if (clash is { Facet.Kind: FacetKind.Existence } && clash.Value.Facet.Object == RecordFacts.Object(view, replica.Self) && IsToldAgain(view))
        {
            // That it is there, nobody disputes.
            return _own!.ContentOf(clash.Value.Facet.Object, known);
        }

        if (side == Side.Server && clash is { Facet.Kind: FacetKind.Existence } replaced && LivesOn(view, replaced))
        {
            return _own!.ContentOf(replaced.Facet.Object, known);
        }

        if (side == Side.Client && RecordFacts.Kind(view) == UpdateKind.Removes && PassedOver(RecordFacts.Object(view, replica.Self)) is { } unsent)
        {
            return unsent with { Facet = Facet.Existence(unsent.Facet.Object) };
        }

        if (side == Side.Server || clash is not { Facet.Kind: FacetKind.Name or FacetKind.Existence } ||
            _own!.ContentOf(RecordFacts.Object(view, replica.Self), known) is not { } written)
        {
            return clash;
        }

        // It isn't about the name alone: what was written would go.
        return RecordFacts.Kind(view) switch
        {
            UpdateKind.Removes => written with { Facet = Facet.Existence(written.Facet.Object) },

            // It was fetched before its maker's record came.
            UpdateKind.Creates => written,
            _ => clash,
        };
    }

    /// <summary>New content of a file that another one took a name of here, and that has others.</summary>
    private bool LivesOn(RecordView view, Clash clash) =>
        clash.Facet.Object == RecordFacts.Object(view, replica.Self) && KindOf(view) == UpdateKind.Writes &&
        _own!.Replaces(clash.Offset, clash.Facet.Object) && replica.Tree.PlaceOf(clash.Facet.Object) is not null;

    /// <summary>How far the maker of an update knew the own log.</summary>
    private ulong Known(IncomingRecord record) => side == Side.Client ? KnownToServer(record) : record.Wire.Known;

    /// <summary>
    /// Of a directory that both sides changed, the server's mtime stays, whichever update comes first; what a scan found
    /// stands against no change.
    /// </summary>
    private bool HasOwnTime(Fid directory, ulong known, RecordView by) =>
        (side == Side.Server || RecordFacts.IsFound(by)) && _own?.HasTimeOf(directory, known) == true;

    private ParentTime? ParentsOf(IncomingRecord record, RecordView view)
    {
        Span<Fid> directories = stackalloc Fid[2];
        var known = Known(record);
        return RecordFacts.ParentTimes(view, replica.Self, directories, out var time) switch
        {
            0 => null,
            1 => new ParentTime(time, HasOwnTime(directories[0], known, view), false, side == Side.Server),
            _ => new ParentTime(time, HasOwnTime(directories[0], known, view), HasOwnTime(directories[1], known, view), side == Side.Server),
        };
    }

    /// <summary>A removal of what is gone already: nothing to keep.</summary>
    private bool IsMoot(RecordView view, UpdateKind kind) =>
        kind == UpdateKind.Removes && !Exists(RecordFacts.Object(view, replica.Self));

    private bool Exists(Fid fid)
    {
        using var found = replica.Tree.Open(fid);
        return found is not null;
    }

    /// <summary>What travels with a record; of new content without mode, owner and xattrs, where those that are here stay.</summary>
    private ObjectState? StateOf(IncomingRecord record, RecordView view, ulong known)
    {
        var state = WireTypes.ReadState(record.Wire);
        var fid = RecordFacts.Object(view, replica.Self);
        if (KindOf(view) != UpdateKind.Writes || _own is null || !Exists(fid))
        {
            return state;
        }

        var keepsAttributes = ConflictRules.KeepsAttributes(side, view.Flags.HasFlag(RecordFlags.Attr), _own.HasAttributesOf(fid, known));
        var keepsXattrs = _own.HasXattrsOf(fid, known);
        var keepsTime = record.IsFinding ? HasOwnTime(fid, known, view) || _own.ContentOf(fid, known) is not null
            : RecordFacts.IsFound(view) ? HasOwnTime(fid, known, view) : keepsAttributes && _own.HasTimeOf(fid, known);
        if (!keepsAttributes && !keepsXattrs && !keepsTime)
        {
            return state;
        }

        var attr = state?.Attr ?? RecordFacts.StateAttr(view) ?? default;

        // What a client left as it was, the server takes from the content that comes.
        var kept = side == Side.Client ? _own.AttributesSet(fid, known) : AttrValid.Mode | AttrValid.Uid | AttrValid.Gid;
        var keeps = (keepsAttributes ? kept : 0) | (keepsTime ? AttrValid.ModifyTime : 0);
        attr = attr with { Valid = attr.Valid & ~keeps };
        if (keepsTime && side == Side.Client && !record.IsFinding && _own.ContentOf(fid, known) is not null && _own.TimeSetSince(fid, known) is { } set)
        {
            // What was written here has lost, and its time with it; what was set has not.
            attr = attr with { Valid = attr.Valid | AttrValid.ModifyTime, ModifyTime = set };
        }

        return new ObjectState
        {
            Attr = attr,
            Target = state?.Target,

            // A change of one that the maker of the content made has a record of its own.
            Xattrs = keepsXattrs ? null : state?.Xattrs,
        };
    }

    private bool HasSet(Fid fid, ulong known) => _own?.HasAttributesOf(fid, known) == true || _own?.HasTimeOf(fid, known) == true;

    /// <summary>Where an object belongs that isn't here. New content tells only where it was: what name it was given here since, the server knows, too.</summary>
    private (Fid Parent, byte[] Name)? PlaceOf(RecordView view, ApplyOutcome outcome)
    {
        var told = RecordFacts.Place(view, replica.Self, outcome.Subject);
        return told is not null && RecordFacts.Kind(view) != UpdateKind.Writes ? told : _own?.LastPlace(outcome.Subject, Echo) ?? told;
    }

    /// <param name="record">The update.</param>
    /// <param name="view">Its record.</param>
    /// <param name="set">The operation has set the times by itself.</param>
    private void NoteParents(IncomingRecord record, RecordView view, bool set = false)
    {
        Span<Fid> directories = stackalloc Fid[2];
        foreach (var directory in directories[..RecordFacts.ParentTimes(view, replica.Self, directories, out var time)])
        {
            if (!HasOwnTime(directory, Known(record), view))
            {
                _applier.NoteParentTime(directory, set ? null : time);
            }
        }
    }

    private Origin OriginOf(IncomingRecord record, RecordView view) => new(RecordFacts.Dot(view, 0), record.Source)
    {
        Peer = peer,
        Partial = record.IsFinding,
        MakesNothing = record.IsFinding,

        // What waits for the file's last writer came before it.
        SetsAnyway = view.Op == Op.SetAttr && deferred.Find(RecordFacts.Object(view, replica.Self)) is not null,
    };

    private static ulong KnownBy(IncomingBatch batch) =>
        batch.Records.LastOrDefault(record => record.Wire.Known != 0)?.Wire.Known ?? 0;
}
