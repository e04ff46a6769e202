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
    private readonly Lock _gate = new();

    // guarded by _gate
    private readonly ulong[] _slots = new ulong[1 << bits];

    /// <summary>An entry of the log. Their order doesn't matter, nor that one is seen twice.</summary>
    public void Note(in LogEntry entry)
    {
        if (!entry.ChangesContent)
        {
            return;
        }

        lock (_gate)
        {
            ref var slot = ref _slots[Slot(entry.Object)];
            slot = Math.Max(slot, entry.Offset);
        }
    }

    /// <summary>The last change of this content, or of another in the same slot. 0: none.</summary>
    public ulong LastChange(Fid content)
    {
        lock (_gate)
        {
            return _slots[Slot(content)];
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
