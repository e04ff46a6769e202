// SPDX-License-Identifier: GPL-2.0-or-later
using System.Text;
using InterMezzo.Journal;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform;

/// <summary>Entries that wait for a file's last writer, and may never become a conflict: they have a note, .../deferred, besides.</summary>
internal sealed partial class ConflictStore
{
    private static ReadOnlySpan<byte> NoteName => "deferred\0"u8;

    private static ReadOnlySpan<byte> Aside => "new\0"u8;

    public IReadOnlyList<DeferredContent> ListDeferred()
    {
        var all = new List<DeferredContent>();
        foreach (var name in NamesIn(_root.Conflicts))
        {
            using var directory = TryOpen(_root.Conflicts, name);
            if (directory is not null && ReadDeferred(directory) is { } content)
            {
                all.Add(content);
            }
        }

        return all;
    }

    internal bool IsDeferred(Dot update)
    {
        using var directory = TryOpen(_root.Conflicts, Encoding.ASCII.GetBytes(NameOf(update)));
        return directory is not null && ReadDeferred(directory) is not null;
    }

    /// <summary>The last step of its making: all else is there.</summary>
    internal void NoteDeferred(DeferredContent content)
    {
        using var directory = ReplicaRoot.MakeDirectory(_root.Conflicts, NameOf(content.Update), Private);
        Write(directory, NoteName, Aside, DeferredNote.Encode(content));
    }

    /// <summary>The entry goes in one step, its name in staging being <paramref name="aside"/>; whatever is left there a start removes.</summary>
    internal void Drop(Dot update, ReadOnlySpan<byte> aside)
    {
        var name = Encoding.ASCII.GetBytes(NameOf(update) + '\0');
        var result = Interop.Sys.RenameAt2(_root.Conflicts, name, _root.Objects, aside, Interop.Sys.RenameNoReplace);
        if (result != -Errno.ENOENT)
        {
            SysException.Check(result, "renameat2", NameOf(update));
            TreeRemoval.Remove(_root.Objects, aside);
        }
    }

    /// <summary>A conflict from now on. Interrupted in between, it waits on.</summary>
    internal void Keep(Dot update, Conflict conflict, ReadOnlySpan<byte> path)
    {
        using var directory = ReplicaRoot.MakeDirectory(_root.Conflicts, NameOf(update), Private);
        Write(directory, "about\0"u8, Aside, ConflictAbout.Encode(conflict, path));
        var result = Interop.Sys.UnlinkAt(directory, NoteName, 0);
        if (result != -Errno.ENOENT)
        {
            SysException.Check(result, "unlink", NoteName);
        }
    }

    private static DeferredContent? ReadDeferred(Fd directory)
    {
        var result = Interop.Sys.OpenAt(directory, NoteName, OpenFlags.ReadOnly | OpenFlags.NoFollow);
        if (result < 0)
        {
            return null;
        }

        using var file = new Fd(result);
        SysException.Check(Interop.Sys.StatX(file, out var stat), "statx", NoteName);
        var bytes = new byte[Math.Min(stat.Size, MaxAbout)];
        return DeferredNote.Decode(bytes.AsSpan(0, SysException.Check(Interop.Sys.PRead(file, bytes, 0), "pread", NoteName)));
    }

    /// <summary>The file is as it was, or whole.</summary>
    private static void Write(Fd directory, ReadOnlySpan<byte> name, ReadOnlySpan<byte> aside, ReadOnlySpan<byte> bytes)
    {
        var flags = OpenFlags.ReadWrite | OpenFlags.Create | OpenFlags.Truncate | OpenFlags.NoFollow;
        using (var file = new Fd(SysException.Check(Interop.Sys.OpenAt(directory, aside, flags, 0x180), "open", name)))
        {
            for (var at = 0; at < bytes.Length;)
            {
                at += SysException.Check(Interop.Sys.PWrite(file, bytes[at..], at), "pwrite", name);
            }
        }

        SysException.Check(Interop.Sys.RenameAt2(directory, aside, directory, name, 0), "renameat2", name);
    }
}
