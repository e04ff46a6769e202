// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;
using InterMezzo.Journal;

namespace InterMezzo.Replication;

/// <summary>How large a batch may be. A batch that closes over later versions of its contents may exceed all but the window.</summary>
/// <param name="Records">Records that ship.</param>
/// <param name="RecordBytes">Bytes of records.</param>
/// <param name="ContentBytes">Bytes of contents; one larger content makes a batch of its own records.</param>
/// <param name="Window">Log entries looked at: the bound on memory, and on how far a batch extends.</param>
public sealed record BatchLimits(int Records = 1024, int RecordBytes = 1 << 20, ulong ContentBytes = 8 << 20, int Window = 8192);

/// <summary>How a record's content travels.</summary>
public enum Carry
{
    None = 0,

    /// <summary>With this record.</summary>
    Here = 1,

    /// <summary>With the CREATE of the same batch.</summary>
    Folded = 2,

    /// <summary>With a later record: the file has changed again since.</summary>
    Later = 3,

    /// <summary>Not at all: the object has been removed since. With a record about names: whoever doesn't have the object needs nothing.</summary>
    Gone = 4,
}

/// <param name="Index">Which entry of the window.</param>
/// <param name="Carry">How its content travels.</param>
/// <param name="Version">Here, Folded: offset of the record whose content (and attributes) travel.</param>
public readonly record struct PlannedRecord(int Index, Carry Carry, ulong Version);

/// <param name="Count">The batch is the first Count entries of the window.</param>
/// <param name="Records">Those that ship.</param>
/// <param name="Cancelled">So many more would, if nothing were left out.</param>
public sealed record BatchPlan(int Count, IReadOnlyList<PlannedRecord> Records, int Cancelled = 0);

/// <summary>
/// Cuts a consistent batch from the log. Invariant: every content that the
/// batch carries is, at the end of the batch, as its last record in the window
/// says; so a receiver that has applied the whole batch stands at a state that
/// the origin was in, files then open for writing aside.
/// </summary>
public sealed class BatchPlanner(BatchLimits limits)
{
    /// <param name="window">Entries of the log in order, up to what is known to be durable.</param>
    /// <param name="owed">Objects whose content an earlier part of the same batch could not carry: the batch extends to their next complete version.</param>
    /// <param name="optimizer">What of the window needn't be sent. Null: all is.</param>
    public BatchPlan Plan(IReadOnlyList<LogEntry> window, IReadOnlySet<Fid>? owed = null, LogOptimizer? optimizer = null)
    {
        var versions = FindVersions(window);
        var count = Close(window, versions, FirstCut(window, optimizer), owed);
        optimizer?.Settle(count);
        var records = Assign(window, versions, count, optimizer);
        return new BatchPlan(count, records, window.Take(count).Count(entry => entry.Ships) - records.Count);
    }

    private static Dictionary<Fid, Versions> FindVersions(IReadOnlyList<LogEntry> window)
    {
        var all = new Dictionary<Fid, Versions>();
        for (var i = 0; i < window.Count; i++)
        {
            var entry = window[i];
            if (entry.Effect == ContentEffect.None)
            {
                continue;
            }

            ref var versions = ref CollectionsMarshal.GetValueRefOrAddDefault(all, entry.Object, out var seen);
            if (!seen)
            {
                versions = new Versions { Created = -1, Last = -1 };
            }

            versions.Note(i, entry);
        }

        return all;
    }

    private int FirstCut(IReadOnlyList<LogEntry> window, LogOptimizer? optimizer)
    {
        int records = 0, recordBytes = 0;
        ulong contentBytes = 0;
        for (var i = 0; i < window.Count; i++)
        {
            if (optimizer?[i] == Fate.Cancelled)
            {
                continue;
            }

            var entry = window[i];
            records += entry.Ships ? 1 : 0;
            recordBytes += entry.Length;
            contentBytes += entry.Effect is ContentEffect.Completes or ContentEffect.Enters or ContentEffect.Resizes ? entry.Size : 0;
            if (i > 0 && (records > limits.Records || recordBytes > limits.RecordBytes || contentBytes > limits.ContentBytes))
            {
                return i;
            }
        }

        return window.Count;
    }

    /// <summary>Extends the batch until no content in it has a later complete version in the window.</summary>
    private static int Close(IReadOnlyList<LogEntry> window, Dictionary<Fid, Versions> versions, int count, IReadOnlySet<Fid>? owed)
    {
        foreach (var fid in owed ?? new HashSet<Fid>())
        {
            count = Math.Max(count, versions.GetValueOrDefault(fid, Versions.None).Extent);
        }

        for (var i = 0; i < count; i++)
        {
            if (window[i].Effect is ContentEffect.Begins or ContentEffect.Completes or ContentEffect.Enters or ContentEffect.Resizes)
            {
                count = Math.Max(count, versions[window[i].Object].Extent);
            }
        }

        return count;
    }

    private static List<PlannedRecord> Assign(IReadOnlyList<LogEntry> window, Dictionary<Fid, Versions> versions, int count, LogOptimizer? optimizer)
    {
        var planned = new List<PlannedRecord>(count);
        for (var i = 0; i < count; i++)
        {
            if (!window[i].Ships || optimizer?[i] == Fate.Cancelled)
            {
                continue;
            }

            if (optimizer?[i] == Fate.Gone)
            {
                planned.Add(new PlannedRecord(i, Carry.Gone, 0));
                continue;
            }

            var last = versions.GetValueOrDefault(window[i].Object, Versions.None);
            var carry = CarryOf(window[i].Effect, i, last, count);
            var version = carry is Carry.Here or Carry.Folded ? window[last.Last].Offset : 0;
            planned.Add(new PlannedRecord(i, carry, version));
        }

        return optimizer?.WithoutFolded(planned) ?? planned;
    }

    private static Carry CarryOf(ContentEffect effect, int index, Versions last, int count)
    {
        var complete = last.Last >= 0 && last.Last < count && !last.Open;
        var folded = complete && last.Created >= 0 && index > last.Created && index <= last.Last;
        return effect switch
        {
            ContentEffect.Begins => complete && last.Created == index && last.Last > index && !last.Ended ? Carry.Here : Carry.None,
            ContentEffect.Attributes => folded && !last.Ended ? Carry.Folded : Carry.None,
            ContentEffect.Completes or ContentEffect.Enters or ContentEffect.Resizes when last.Ended => Carry.Gone,
            ContentEffect.Completes or ContentEffect.Enters or ContentEffect.Resizes when folded => Carry.Folded,
            ContentEffect.Completes or ContentEffect.Enters or ContentEffect.Resizes when complete && index == last.Last => Carry.Here,
            ContentEffect.Completes or ContentEffect.Enters or ContentEffect.Resizes => Carry.Later,
            _ => Carry.None,
        };
    }

    /// <summary>The versions of one content within the window.</summary>
    private struct Versions
    {
        public static Versions None => new() { Created = -1, Last = -1 };

        /// <summary>Index of the CREATE, -1: before the window, or at the peer already (it can't carry anything then), or told of again.</summary>
        public int Created;

        /// <summary>Index of the last record that completed, resized or ended it, -1: none.</summary>
        public int Last;

        /// <summary>It is being changed at the end of the window.</summary>
        public bool Open;

        public bool Ended;

        /// <summary>A batch that touches the content must reach this far: nowhere if no version is complete.</summary>
        public readonly int Extent => Open ? 0 : Last + 1;

        // As it was closed, or left the tree.
        private LogEntry? _before;

        public void Note(int index, in LogEntry entry)
        {
            if (_before is { } before && entry.BringsBack(before.Size, before.Time))
            {
                // Once more, if it got one more name: a join places links one by one.
                return;
            }

            _before = entry.Effect is ContentEffect.Leaves or ContentEffect.Completes ? entry : null;

            switch (entry.Effect)
            {
                case ContentEffect.Begins:
                    Created = entry.Ships ? index : -1;
                    (Open, Ended) = (false, false);
                    break;
                case ContentEffect.Opens:
                    Open = true;
                    break;
                case ContentEffect.Completes or ContentEffect.Resizes:
                    // A resize while writers have the file open doesn't complete it: their CLOSE does.
                    Open &= entry.Effect == ContentEffect.Resizes;
                    (Last, Ended) = (index, false);
                    break;
                case ContentEffect.Enters:
                    // What came with a CREATE before may have found no place.
                    (Created, Last, Open, Ended) = (-1, index, false, false);
                    break;
                case ContentEffect.Ends:
                    (Last, Open, Ended) = (index, false, true);
                    break;
            }
        }
    }
}
