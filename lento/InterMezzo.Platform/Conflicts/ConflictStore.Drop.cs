// SPDX-License-Identifier: GPL-2.0-or-later
using System.Text;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform;

/// <summary>What goes when a conflict is resolved. For the apply thread.</summary>
/// <remarks>
/// Crash argument. That a conflict is resolved is noted, durably, before anything is removed; nobody is shown it any more. A
/// removal that was cut short is finished at the next start: nothing was noted behind it.
/// </remarks>
internal sealed partial class ConflictStore
{
    internal void Drop(KeptConflict conflict)
    {
        var name = Encoding.UTF8.GetBytes(conflict.Directory);
        using var directory = TryOpen(_root.Conflicts, name);
        if (directory is not null)
        {
            AppendLine(directory, ConflictAbout.EncodeEnd(conflict.Conflict.Object, conflict.Kept));
            Sync(directory);
            Remove(directory, name, ConflictBook.Read(ReadLines(directory)));
        }
    }

    /// <summary>At start: what a crash has cut short.</summary>
    internal void FinishDrops()
    {
        foreach (var name in NamesIn(_root.Conflicts))
        {
            using var directory = TryOpen(_root.Conflicts, name);
            if (directory is not null && ConflictBook.Read(ReadLines(directory)) is { LastResolved: not null } book)
            {
                Remove(directory, name, book);
            }
        }
    }

    private void Remove(Fd directory, byte[] name, ConflictBook book)
    {
        using (var kept = TryOpen(directory, "kept"u8.ToArray()))
        {
            foreach (var resolved in kept is null ? [] : book.LastResolved!)
            {
                _root.Discard(kept!, [.. resolved, 0]);
            }

            if (book.Entries.Count > 0 || (kept is not null && NamesIn(kept).Count > 0))
            {
                return;
            }
        }

        // As a whole: without its description what is left would tell nothing.
        _root.Discard(_root.Conflicts, [.. name, 0]);
    }

    private static void Sync(Fd directory)
    {
        using var about = OpenForAppend(directory, "about\0"u8, out _);
        SysException.Check(Interop.Sys.FSync(about), "fsync", "about");
    }
}
