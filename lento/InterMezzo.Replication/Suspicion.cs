// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Replication;

/// <summary>
/// What of the tree may not be as the log says, after a stop that the log tells of: what was changed since a moment, by
/// the clock of the lower file system, and what records name that were taken back. Its size is that of those.
/// </summary>
/// <param name="since">The moment.</param>
/// <param name="unordered">A changed entry or xattr may be there without the ctime that goes with it.</param>
public sealed class Suspicion(KmlTime since, bool unordered)
{
    /// <summary>Seconds that the clock of a file system may be behind that of another inode.</summary>
    private const long Margin = 2;

    // Inode numbers of the lower file system.
    private readonly HashSet<ulong> _objects = [];
    private readonly HashSet<ulong> _directories = [];
    private readonly Dictionary<(ulong Ino, uint Gen), Fid> _entered = [];

    /// <summary>Changed since: that is by itself suspicious.</summary>
    public KmlTime Since { get; private set; } = Earlier(since);

    /// <summary>Objects of other replicas that entered, and their inodes: the name may be there without the identity.</summary>
    public IReadOnlyDictionary<(ulong Ino, uint Gen), Fid> Entered => _entered;

    /// <summary>What a log leaves in doubt.</summary>
    /// <param name="journal">The own log.</param>
    /// <param name="range">Its records in doubt; none: only the time before it counts.</param>
    public static Suspicion Read(IJournal journal, DoubtfulRange range)
    {
        // The chunk that holds the last record before is retained, whatever was trimmed.
        var start = Math.Max(journal.Info.First, Math.Max(KmlFormat.SuperSize, (range.From - 1) & ~(ulong)(KmlFormat.ChunkSize - 1)));
        Suspicion? found = null;
        foreach (var (offset, bytes) in LogScan.Records(journal, start, Math.Max(range.To, range.From + 1)))
        {
            var record = RecordView.Parse(bytes.Span);
            if (record.IsPad)
            {
                continue;
            }

            if (found is null || offset < range.From)
            {
                found = new Suspicion(record.Time, range.Unordered);
            }

            if (offset >= range.From && offset < range.To)
            {
                found.Add(record);
            }
        }

        return found ?? new Suspicion(default, range.Unordered);
    }

    /// <summary>A record in doubt.</summary>
    public void Add(RecordView record)
    {
        var time = Earlier(record.Time);
        if (IsBefore(time, Since))
        {
            // Somebody has set the clock back.
            Since = time;
        }

        AddDirectory(record.TryGetParent(out var parent), parent);
        AddDirectory(record.TryGetParent2(out var second), second);
        if (record.TryGetObject(out var it))
        {
            AddDirectory((it.Mode & 0xf000) == 0x4000, it);
            AddObject(record, it);
            if (unordered && record.Op == Op.Enter && it.Fid.Replica != 0)
            {
                _entered[(it.Ino, it.Gen)] = it.Fid;
            }
        }

        if (record.TryGetReplaced(out var replaced))
        {
            AddObject(record, replaced);
        }
    }

    /// <summary>State and content, and the names that it is met under, may be other than the log says.</summary>
    public bool IsObject(ulong ino, KmlTime changed) => !IsBefore(changed, Since) || _objects.Contains(ino);

    /// <summary>Names may be gone from it.</summary>
    public bool IsDirectory(ulong ino, KmlTime changed) => !IsBefore(changed, Since) || _directories.Contains(ino);

    /// <summary>
    /// What was changed here. A peer's update that is lost comes again; an older version of ours must not stand
    /// against it then, so of those only what shows in the tree counts.
    /// </summary>
    private void AddObject(RecordView record, in KmlObject it)
    {
        var shows = !unordered || record.Op is not (Op.Rename or Op.Link or Op.Enter or Op.SetXattr or Op.RemoveXattr);
        if (RecordFacts.Maker(record) == 0 || !shows)
        {
            _objects.Add(it.Ino);
        }
    }

    private void AddDirectory(bool isOne, in KmlObject it)
    {
        if (isOne)
        {
            _directories.Add(it.Ino);
        }
    }

    private static KmlTime Earlier(KmlTime time) => time with { Seconds = time.Seconds - Margin };

    private static bool IsBefore(KmlTime one, KmlTime other) =>
        one.Seconds != other.Seconds ? one.Seconds < other.Seconds : one.Nanoseconds < other.Nanoseconds;
}
