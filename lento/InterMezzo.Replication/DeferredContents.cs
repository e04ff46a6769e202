// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Replication;

/// <summary>
/// The contents that wait for a file's last writer, one of each file, as the conflict store has them. What is written
/// to such a file meanwhile is concurrent with the one that waits: whoever judges either must know. Any thread.
/// </summary>
public sealed class DeferredContents
{
    private readonly Lock _gate = new();

    // guarded by _gate
    private readonly Dictionary<Fid, DeferredContent> _waiting = [];

    public IReadOnlyList<DeferredContent> All
    {
        get
        {
            lock (_gate)
            {
                return [.. _waiting.Values];
            }
        }
    }

    /// <summary>The own log is needed from here on, to judge them. All ones: it isn't.</summary>
    public ulong NeededHere => All.Select(waiting => waiting.Known).DefaultIfEmpty(ulong.MaxValue).Min();

    /// <summary>The log of a peer is needed there from here on, to judge what was written meanwhile. All ones: it isn't.</summary>
    public ulong NeededOf(ulong peer) =>
        All.Where(waiting => waiting.Peer == peer).Select(waiting => waiting.Source).DefaultIfEmpty(ulong.MaxValue).Min();

    public DeferredContent? Find(Fid file)
    {
        lock (_gate)
        {
            return _waiting.GetValueOrDefault(file);
        }
    }

    /// <summary>One more waits. Of two versions of a file the later one does; returned is the other, which is of no use any more.</summary>
    public DeferredContent? Add(DeferredContent content)
    {
        lock (_gate)
        {
            var other = _waiting.GetValueOrDefault(content.Object);
            if (other?.Source > content.Source)
            {
                return content;
            }

            _waiting[content.Object] = content;
            return other?.Update == content.Update ? null : other;
        }
    }

    public void Remove(DeferredContent content)
    {
        lock (_gate)
        {
            if (_waiting.GetValueOrDefault(content.Object)?.Update == content.Update)
            {
                _waiting.Remove(content.Object);
            }
        }
    }

    /// <summary>How much of a peer's log the maker of an own record knew: a program that writes to an old version doesn't know the one that waits.</summary>
    /// <param name="record">Of the own log.</param>
    /// <param name="self">This replica.</param>
    /// <param name="peer">Whose log.</param>
    /// <param name="known">This much of it was applied here before.</param>
    public ulong KnownTo(RecordView record, ulong self, ulong peer, ulong known) =>
        (record.Op == Op.SetAttr || RecordFacts.Kind(record, self) == UpdateKind.Writes) && Find(RecordFacts.Object(record, self)) is { } waiting && waiting.Peer == peer
            ? Math.Min(known, waiting.Source)
            : known;

    /// <summary>A CLOSE of a file that stays open, and that a newer version of the peer's waits for: it can only lose there, its last one is sent.</summary>
    public bool IsPassedOver(RecordView record, ulong self, ulong peer) =>
        record.Op == Op.Close && record.Flags.HasFlag(RecordFlags.Open) && Find(RecordFacts.Object(record, self))?.Peer == peer;

    /// <summary>
    /// What a record of the own log settled: its content has come into the tree, or a later one. It stops waiting before
    /// that is durable, or after: shown the log from there on, this finds it. (A file that only enters has left the tree
    /// before, and comes back with what is in it.)
    /// </summary>
    public DeferredContent? SettledBy(ulong offset, RecordView record, ulong self)
    {
        if (record.Source == 0 || record.IsVoid || Find(RecordFacts.Object(record, self)) is not { } waiting || offset < waiting.Known ||
            RecordFacts.From(record) != waiting.Peer)
        {
            return null;
        }

        var isThis = record.Source == waiting.Source && RecordFacts.Dot(record, self) == waiting.Update && !RecordFacts.IsPartial(record);
        var isLater = record.Source > waiting.Source && RecordFacts.Entry(record, 0, self, false).Effect is ContentEffect.Completes or ContentEffect.Resizes;
        return isThis || isLater ? waiting : null;
    }
}
