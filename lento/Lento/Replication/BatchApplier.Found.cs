// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;
using Carry = InterMezzo.Protocol.Replication.Carry;

namespace InterMezzo.Lento.Replication;

/// <summary>
/// What a scan found after a power cut is nobody's decision: an older state, or half of an update whose maker sends it
/// again. Whatever was really done elsewhere takes its place, and whatever could be somebody's work is kept.
/// </summary>
internal sealed partial class BatchApplier
{
    // Contents made here that have lost against the peer's, which come with what a scan found of them.
    private readonly HashSet<Fid> _beaten = [];

    /// <summary>At a client: the server's content, which stays, comes with a later record.</summary>
    private void NoteBeaten(IncomingRecord record, RecordView view)
    {
        if (side == Side.Client && record.Carry == Carry.Later && _own?.Find(view, Known(record)) is { Facet.Kind: FacetKind.Content })
        {
            _beaten.Add(RecordFacts.Object(view, replica.Self));
        }
    }

    /// <summary>What was found here gives way to an update; its content is kept. False: it has changed meanwhile.</summary>
    private bool YieldFound(IncomingRecord record, RecordView view, UpdateKind kind, Origin origin)
    {
        if (RecordFacts.IsFound(view) || _own?.FindFound(view, Known(record)) is not { } found || IsHereAlready(record, view))
        {
            return true;
        }

        if (kind == UpdateKind.Removes)
        {
            return !HoldsData(RecordFacts.Object(view, replica.Self)) || Evict(origin, view, found);
        }

        if (found.Facet.Kind == FacetKind.Content)
        {
            CopyLocal(view, kind, found);
        }

        return true;
    }

    /// <summary>At a server: an update's name is taken by what was found there.</summary>
    private bool EvictFound(IncomingRecord record, RecordView view, Origin origin, ApplyOutcome outcome)
    {
        var name = outcome.SecondName ? RecordFacts.SecondName(view) : RecordFacts.FirstName(view);
        return _own?.HasFoundName(outcome.Parent, name, Known(record)) == true &&
            Evict(origin.Aside, outcome.Parent, name, outcome.Subject, "name/name") is ApplyStatus.Applied;
    }

    private bool HoldsData(Fid fid)
    {
        using var found = replica.Tree.Open(fid);
        return found is { Type: 0x8000 } && found.ReadState().Attr.Size > 0;
    }
}
