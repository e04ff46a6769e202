// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;

namespace InterMezzo.Replication;

/// <summary>
/// Where in the log a content changed last, in a fixed amount of memory however
/// long the log is: a slot holds the last change of any content that falls into
/// it. A slot below an offset proves that the content has not changed since; a
/// slot beyond it names the record to look at. Any thread.
/// </summary>
public sealed class ChangeTable(int bits = 18)
{
    /// <summary>Slots in a page: 2 KiB.</summary>
    private const int PageSize = 256;

    private readonly Lock _gate = new();

    // guarded by _gate; a page comes with its first change: a fileset of few files takes little memory
    private readonly ulong[]?[] _pages = new ulong[Math.Max(1, (1 << bits) / PageSize)][];

    /// <summary>An entry of the log. Their order doesn't matter, nor that one is seen twice.</summary>
    public void Note(in LogEntry entry)
    {
        if (!entry.ChangesContent)
        {
            return;
        }

        lock (_gate)
        {
            var slot = Slot(entry.Object);
            var page = _pages[slot / PageSize] ??= new ulong[PageSize];
            page[slot % PageSize] = Math.Max(page[slot % PageSize], entry.Offset);
        }
    }

    /// <summary>The last change of this content, or of another in the same slot. 0: none.</summary>
    public ulong LastChange(Fid content)
    {
        lock (_gate)
        {
            var slot = Slot(content);
            return _pages[slot / PageSize]?[slot % PageSize] ?? 0;
        }
    }

    /// <summary>Inode numbers are dense: splitmix64 spreads them.</summary>
    private int Slot(Fid fid)
    {
        var hash = fid.Ino + (fid.Replica * 0x9E3779B97F4A7C15) + ((ulong)fid.Gen << 32);
        hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9;
        hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EB;
        return (int)(hash >> (64 - bits));
    }
}
