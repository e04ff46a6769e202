// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using System.Text;
using InterMezzo.Journal;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform;

/// <summary>
/// conflicts/REPLICA-COUNTER/about (a line for each conflict of that update), .../kept/ (the versions), and
/// .../records (updates that were not applied, as they came).
/// </summary>
internal sealed partial class ConflictStore(ObjectTable objects) : IConflictStore
{
    private const uint Private = 0x1c0;

    private readonly ReplicaRoot _root = objects.Root;

    public IReadOnlyList<KeptConflict> List()
    {
        var all = new List<KeptConflict>();
        foreach (var name in NamesIn(_root.Conflicts))
        {
            using var directory = TryOpen(_root.Conflicts, name);
            if (directory is not null)
            {
                AddAll(all, directory, Encoding.UTF8.GetString(name));
            }
        }

        return all;
    }

    public ITreeObject? Open(Dot loser)
    {
        using var kept = OpenKept(NameOf(loser));
        foreach (var name in kept is null ? [] : NamesIn(kept))
        {
            var file = TryOpenPath(kept!, name);
            if (file is not null)
            {
                SysException.Check(Interop.Sys.StatX(file, out var stat), "statx", name);
                if (stat.Type == FileType.Regular)
                {
                    return new TreeObject(file, default, stat, null);
                }

                file.Dispose();
            }
        }

        return null;
    }

    /// <summary>Notes a conflict; returns the open directory for its versions.</summary>
    internal Fd Note(Conflict conflict, ReadOnlySpan<byte> path)
    {
        using var directory = ReplicaRoot.MakeDirectory(_root.Conflicts, NameOf(conflict.Loser), Private);
        AppendLine(directory, ConflictAbout.Encode(conflict, path));
        return ReplicaRoot.MakeDirectory(directory, ReplicaRoot.KeptName, Private);
    }

    internal void KeepRecord(Conflict conflict, RecordView record)
    {
        using var directory = ReplicaRoot.MakeDirectory(_root.Conflicts, NameOf(conflict.Loser), Private);
        Append(directory, "records\0"u8, record.Bytes);
    }

    /// <summary>The directories that hold versions, open.</summary>
    internal IEnumerable<Fd> OpenKept()
    {
        foreach (var name in NamesIn(_root.Conflicts))
        {
            if (OpenKept(name) is { } kept)
            {
                yield return kept;
            }
        }
    }

    /// <summary>An object is kept because a program here had it open for writing when it left the tree.</summary>
    internal bool HoldsOpen(Fid fid) =>
        List().Any(kept => kept.Kept.Count > 0 && kept.Found.Any(found => found.Object == fid && found.Reason == Conflict.OpenForWriting));

    /// <summary>The conflict that an object came back from, if there was nothing to it but that it was away, and nothing is left. Null: there is none.</summary>
    internal KeptConflict? HasReturned(Fid fid) =>
        List().FirstOrDefault(kept => kept.Kept.Count == 0 && kept.Found.All(found => found.Object == fid && found.Reason == Conflict.MovedAway) && Updates(kept).Count == 0);

    internal static List<byte[]> NamesIn(Fd directory)
    {
        using var reader = new DirectoryReader(Reopen.ForReading(directory, FileType.Directory));
        var names = new List<byte[]>();
        while (reader.Next(out var name))
        {
            names.Add(name.ToArray());
        }

        return names;
    }

    /// <summary>Bytes; more than 100,000 conflicts of one update, or of one join.</summary>
    private const int MaxAbout = 32 << 20;

    private static string NameOf(Dot dot) => string.Create(CultureInfo.InvariantCulture, $"{dot.Replica:x}-{dot.Counter}");

    private Fd? OpenKept(string directory) => OpenKept(Encoding.UTF8.GetBytes(directory));

    private Fd? OpenKept(byte[] name)
    {
        using var directory = TryOpen(_root.Conflicts, name);
        return directory is null ? null : TryOpen(directory, "kept"u8.ToArray());
    }

    private static Fd? TryOpen(Fd parent, byte[] name)
    {
        var path = new CName(name);
        var result = Interop.Sys.OpenAt(parent, path.Bytes, OpenFlags.ReadOnly | OpenFlags.Directory | OpenFlags.NoFollow);
        return result >= 0 ? new Fd(result) : null;
    }

    /// <summary>Half a line that a power cut left doesn't spoil the one that follows.</summary>
    private static void AppendLine(Fd directory, byte[] line)
    {
        using var file = OpenForAppend(directory, "about\0"u8, out var size);
        Span<byte> last = stackalloc byte[1];
        var isTorn = size > 0 && SysException.Check(Interop.Sys.PRead(file, last, (long)size - 1), "pread", "about") == 1 && last[0] != (byte)'\n';
        byte[] whole = isTorn ? [(byte)'\n', .. line] : line;
        SysException.Check(Interop.Sys.PWrite(file, whole, (long)size), "pwrite", "about");
    }

    private static void Append(Fd directory, ReadOnlySpan<byte> name, ReadOnlySpan<byte> bytes)
    {
        using var file = OpenForAppend(directory, name, out var size);
        SysException.Check(Interop.Sys.PWrite(file, bytes, (long)size), "pwrite", name);
    }

    private static Fd OpenForAppend(Fd directory, ReadOnlySpan<byte> name, out ulong size)
    {
        var flags = OpenFlags.ReadWrite | OpenFlags.Create | OpenFlags.NoFollow;
        var file = new Fd(SysException.Check(Interop.Sys.OpenAt(directory, name, flags, 0x180), "open", name));
        SysException.Check(Interop.Sys.StatX(file, out var stat), "statx", Names.Show(name));
        size = stat.Size;
        return file;
    }

    private void AddAll(List<KeptConflict> all, Fd directory, string name)
    {
        foreach (var entry in ReadBook(directory).Entries)
        {
            all.Add(new KeptConflict(entry.Id(name), entry.Found, name, entry.Kept, entry.Path));
        }
    }

    /// <summary>The conflicts of a directory, each with the names that are kept for it.</summary>
    private ConflictBook ReadBook(Fd directory)
    {
        var book = ConflictBook.Read(ReadLines(directory));
        using var kept = TryOpen(directory, "kept"u8.ToArray());
        if (kept is not null)
        {
            book.Distribute(NamesIn(kept), name => IdentityOf(kept, name));
        }

        return book;
    }

    private Fid IdentityOf(Fd kept, byte[] name)
    {
        using var fd = TryOpenPath(kept, name);
        return fd is null ? default : FidXattr.TryRead(fd, out var fid) ? fid : LocalFid.Of(fd, _root.Self, out _);
    }

    private static Fd? TryOpenPath(Fd directory, byte[] name)
    {
        var path = new CName(name);
        var result = Interop.Sys.OpenAt(directory, path.Bytes, OpenFlags.Path | OpenFlags.NoFollow);
        return result >= 0 ? new Fd(result) : null;
    }

    private static IEnumerable<ReadOnlyMemory<byte>> ReadLines(Fd directory)
    {
        ReadOnlyMemory<byte> rest = ReadFile(directory, "about", MaxAbout);
        while (rest.Span.IndexOf((byte)'\n') is >= 0 and var end)
        {
            yield return rest[..end];
            rest = rest[(end + 1)..];
        }
    }

    private static ReadOnlyMemory<byte> ReadFile(Fd directory, string name, int max)
    {
        var path = new CName(Encoding.ASCII.GetBytes(name));
        var result = Interop.Sys.OpenAt(directory, path.Bytes, OpenFlags.ReadOnly | OpenFlags.NoFollow);
        if (result < 0)
        {
            return default;
        }

        using var file = new Fd(result);
        SysException.Check(Interop.Sys.StatX(file, out var stat), "statx", name);
        var bytes = new byte[Math.Min(stat.Size, (ulong)max)];
        return bytes.AsMemory(0, SysException.Check(Interop.Sys.PRead(file, bytes, 0), "pread", name));
    }
}
