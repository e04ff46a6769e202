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
internal sealed class BatchApplier(
    IReplica replica, ReplicationState state, Side side, ulong peer, LogId log, TimeProvider time, Counters counters, ILogger logger)
{
    /// <summary>A record that still doesn't fit after so many obstacles were cleared is kept aside.</summary>
    private const int Attempts = 4;

    private readonly IApplier _applier = replica.Applier;
    private readonly OwnUpdates? _own = replica.Journal is null ? null
        : new OwnUpdates(replica.Journal, replica.Self, maker => side == Side.Client ? maker == 0 : maker != peer);
    private readonly HashSet<Fid> _fetched = [];

    /// <summary>The peer has this much of the own log in its own.</summary>
    public ulong Echo { get; private set; } = state.Of(peer)?.Echo ?? 0;

    public ApplyStep Run(IncomingBatch batch, int from)
    {
        var done = state.Of(peer)?.Done ?? 0;
        for (var i = from; i < batch.Records.Count; i++)
        {
            var record = batch.Records[i];
            if (record.Wire.Echo != 0)
            {
                Echo = Math.Max(Echo, record.Wire.Echo);
            }
            else if (record.Source > done && Apply(record) is { } missing)
            {
                return missing with { Next = i };
            }
            else if (record.Source <= done)
            {
                Replay(record);
            }
        }

        return ApplyStep.Finished;
    }

    /// <summary>All records are applied: makes it so for good.</summary>
    public void Finish(IReadOnlyList<IncomingBatch> batches)
    {
        var last = batches[^1].Records.LastOrDefault(record => record.Wire.Echo == 0);
        if (last is not null)
        {
            _applier.ApplyParentTimes(OriginOf(last, RecordView.Parse(last.Data)));
        }

        state.EndBatch(peer, new Position(log, batches[^1].To), Echo);
        _applier.Flush();
        _own?.Forget(side == Side.Client ? Echo : KnownBy(batches[^1]));
        _fetched.Clear();
    }

    /// <summary>An object that a record needed, from the peer.</summary>
    public void Enter(ApplyStep step, IncomingBatch batch, FetchedTree fetched)
    {
        var record = batch.Records[step.Next];
        var origin = OriginOf(record, RecordView.Parse(record.Data)).AsPart;
        _fetched.Add(step.Missing!.Value);
        foreach (var item in fetched.Objects)
        {
            var (parent, name) = item.Parent == default ? (step.Parent, step.Name) : (item.Parent, item.Name);
            var outcome = item.IsLink
                ? _applier.EnterLink(origin, parent, name, item.Fid)
                : _applier.EnterObject(origin, parent, name, item.Fid, item.State, item.Content);
            if (!outcome.IsDone)
            {
                logger.FetchedObjectRefused(replica.Fileset, item.Fid.ToString(), outcome.Status);
            }
        }
    }

    /// <summary>A record applied before the connection broke; only a content that it brought may be newer now.</summary>
    private void Replay(IncomingRecord record)
    {
        var view = RecordView.Parse(record.Data);
        NoteParents(view);
        if (record.Content is null || record.Wire.Version == record.Source)
        {
            return;
        }

        _applier.Apply(OriginOf(record, view).AsPart, view, WireTypes.ReadState(record.Wire), record.Content);
    }

    private ApplyStep? Apply(IncomingRecord record)
    {
        var view = RecordView.Parse(record.Data);
        var origin = OriginOf(record, view);
        if (RecordFacts.IsCoveredElsewhere(view, (InterMezzo.Replication.Carry)record.Carry))
        {
            state.Applied(peer, origin);
            return null;
        }

        var clash = _own?.Find(view, side == Side.Client ? Echo : record.Wire.Known);
        var kind = RecordFacts.Kind(view);
        switch (ConflictRules.Decide(side, kind, clash?.Facet.Kind))
        {
            case Verdict.KeepIncoming or Verdict.KeepIncomingObject when IsMoot(view, kind):
                break;
            case Verdict.KeepIncoming:
                Keep(record, view, Describe(view, kind, clash), asObject: false);
                break;
            case Verdict.KeepIncomingObject:
                Keep(record, view, Describe(view, kind, clash), asObject: true);
                break;
            case Verdict.CopyLocal:
                CopyLocal(view, kind, clash!.Value);
                goto default;
            case Verdict.EvictLocal:
                Evict(origin, view, clash!.Value);
                break;
            default:
                if (Force(record, view, origin) is { } missing)
                {
                    return missing;
                }

                break;
        }

        NoteParents(view);
        state.Applied(peer, origin);
        return null;
    }

    /// <summary>A removal of what is gone already: nothing to keep.</summary>
    private bool IsMoot(RecordView view, UpdateKind kind) =>
        kind == UpdateKind.Removes && !Exists(RecordFacts.Object(view, replica.Self));

    private bool Exists(Fid fid)
    {
        using var found = replica.Tree.Open(fid);
        return found is not null;
    }

    /// <summary>Applies a record, clearing what stands in its way.</summary>
    private ApplyStep? Force(IncomingRecord record, RecordView view, Origin origin)
    {
        var content = record.Carry == Carry.Here ? record.Content : null;
        for (var attempt = 0; ; attempt++)
        {
            var outcome = _applier.Apply(origin, view, WireTypes.ReadState(record.Wire), content);
            if (outcome.IsDone || (RecordFacts.Kind(view) == UpdateKind.Removes && outcome.Status == ApplyStatus.MissingObject))
            {
                return null;
            }

            if (attempt == Attempts || side == Side.Server)
            {
                KeepUnfit(record, view, outcome);
                return null;
            }

            if (outcome.Status is ApplyStatus.MissingObject or ApplyStatus.MissingParent)
            {
                if (PlaceOf(view, outcome) is not { } place || !_fetched.Add(outcome.Subject))
                {
                    logger.RecordWithoutObject(replica.Fileset, record.Source, outcome.Subject.ToString());
                    return null;
                }

                _fetched.Remove(outcome.Subject);
                return new ApplyStep(0, outcome.Subject, place.Parent, place.Name);
            }

            if (!Clear(origin, view, outcome))
            {
                KeepUnfit(record, view, outcome);
                return null;
            }
        }
    }

    /// <summary>At a client: takes what stands in the way of the server's version out of its way.</summary>
    private bool Clear(Origin origin, RecordView view, ApplyOutcome outcome)
    {
        switch (outcome.Status)
        {
            case ApplyStatus.NameTaken:
                var name = outcome.SecondName ? RecordFacts.SecondName(view) : RecordFacts.FirstName(view);
                return SetAsideOrEvict(origin, view, outcome.Parent, name, outcome.Subject);
            case ApplyStatus.NotEmpty:
                return _applier.EvictToConflictStore(
                    origin.AsPart, RecordFacts.Parent(view, replica.Self), RecordFacts.FirstName(view), outcome.Subject,
                    Describe(view, UpdateKind.Removes, null)).IsDone && Kept();
            case ApplyStatus.Elsewhere:
                return _own?.LastPlace(outcome.Subject, Echo) is { } place &&
                    _applier.SetAside(origin.AsPart, place.Parent, place.Name, outcome.Subject).IsDone;
            default:
                return false;
        }
    }

    /// <summary>An object made here goes to the conflict store; one that the server knows gets its place by a later record.</summary>
    private bool SetAsideOrEvict(Origin origin, RecordView view, Fid parent, ReadOnlySpan<byte> name, Fid subject)
    {
        if (subject.Replica != replica.Self)
        {
            return _applier.SetAside(origin.AsPart, parent, name, subject).IsDone;
        }

        var conflict = new Conflict(new Dot(replica.Self, 0), origin.Dot, "name/name", time.GetUtcNow(), subject, parent, name.ToArray());
        return _applier.EvictToConflictStore(origin.AsPart, parent, name, subject, conflict).IsDone && Kept();
    }

    private bool Kept()
    {
        counters.ConflictKept();
        return true;
    }

    private void Keep(IncomingRecord record, RecordView view, Conflict conflict, bool asObject)
    {
        _applier.PreserveIncoming(view, WireTypes.ReadState(record.Wire), record.Content, conflict, asObject);
        counters.ConflictKept();
        logger.ConflictKept(replica.Fileset, conflict.Reason, conflict.Loser.ToString(), conflict.Winner.ToString());
    }

    /// <summary>A record that the tree doesn't take; at a server, what it brings is kept.</summary>
    private void KeepUnfit(IncomingRecord record, RecordView view, ApplyOutcome outcome)
    {
        if (outcome.Status == ApplyStatus.Busy)
        {
            replica.Index.AddDeferred(new DeferredContent(outcome.Subject, peer, record.Source));
        }

        var kind = RecordFacts.Kind(view);
        logger.RecordDoesNotFit(replica.Fileset, record.Source, outcome.Status, outcome.Subject.ToString());
        Keep(record, view, Describe(view, kind, null) with { Reason = outcome.Status.ToString() }, kind == UpdateKind.Creates);
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

    private void Evict(Origin origin, RecordView view, Clash clash)
    {
        var conflict = DescribeLocal(view, UpdateKind.Removes, clash);
        var subject = RecordFacts.Object(view, replica.Self);
        var outcome = _applier.EvictToConflictStore(
            origin, RecordFacts.Parent(view, replica.Self), RecordFacts.FirstName(view), subject, conflict);
        if (!outcome.IsDone && _own?.LastPlace(subject, Echo) is { } place)
        {
            outcome = _applier.EvictToConflictStore(origin, place.Parent, place.Name, subject, conflict);
        }

        if (outcome.IsDone)
        {
            counters.ConflictKept();
            logger.ConflictKept(replica.Fileset, conflict.Reason, conflict.Loser.ToString(), conflict.Winner.ToString());
        }
    }

    private Conflict Describe(RecordView view, UpdateKind kind, Clash? clash) => new(
        RecordFacts.Dot(view, replica.Self),
        clash is { } found ? _own!.DotAt(found.Offset) : default,
        clash is { } facet ? ConflictRules.Name(kind, facet.Facet.Kind) : "unfit",
        time.GetUtcNow(),
        RecordFacts.Object(view, replica.Self),
        RecordFacts.Parent(view, replica.Self),
        RecordFacts.FirstName(view).ToArray());

    private Conflict DescribeLocal(RecordView view, UpdateKind kind, Clash clash) =>
        Describe(view, kind, clash) with { Loser = _own!.DotAt(clash.Offset), Winner = RecordFacts.Dot(view, replica.Self) };

    private (Fid Parent, byte[] Name)? PlaceOf(RecordView view, ApplyOutcome outcome) =>
        RecordFacts.Place(view, replica.Self, outcome.Subject) ?? _own?.LastPlace(outcome.Subject, Echo);

    private void NoteParents(RecordView view)
    {
        foreach (var (directory, mtime) in RecordFacts.ParentTimes(view, replica.Self))
        {
            _applier.NoteParentTime(directory, mtime.Seconds, mtime.Nanoseconds);
        }
    }

    private static Origin OriginOf(IncomingRecord record, RecordView view) => new(RecordFacts.Dot(view, 0), record.Source);

    private static ulong KnownBy(IncomingBatch batch) =>
        batch.Records.LastOrDefault(record => record.Wire.Known != 0)?.Wire.Known ?? 0;
}
