// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using System.Text;
using InterMezzo.Journal;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform;

/// <summary>
/// conflicts/REPLICA-COUNTER/about (a line for each conflict of that update), .../kept/ (the versions), and
/// .../records (updates that were not applied, as they came).
/// </summary>
internal sealed class ConflictStore(ReplicaRoot root) : IConflictStore
{
    private const uint Private = 0x1c0;

    public IReadOnlyList<KeptConflict> List()
    {
        var all = new List<KeptConflict>();
        foreach (var name in NamesIn(root.Conflicts))
        {
            using var directory = TryOpen(root.Conflicts, name);
            if (directory is not null)
            {
                AddAll(all, directory, Encoding.UTF8.GetString(name));
            }
        }

        return all;
    }

    public ITreeObject? Open(Dot loser)
    {
        using var directory = TryOpen(root.Conflicts, Encoding.ASCII.GetBytes(NameOf(loser)));
        using var kept = directory is null ? null : TryOpen(directory, "kept"u8.ToArray());
        foreach (var name in kept is null ? [] : NamesIn(kept))
        {
            var path = new CName(name);
            var result = Interop.Sys.OpenAt(kept!, path.Bytes, OpenFlags.Path | OpenFlags.NoFollow);
            if (result < 0)
            {
                continue;
            }

            var file = new Fd(result);
            SysException.Check(Interop.Sys.StatX(file, out var stat), "statx", name);
            if (stat.Type == FileType.Regular)
            {
                return new TreeObject(file, default, stat, null);
            }

            file.Dispose();
        }

        return null;
    }

    /// <summary>Notes a conflict; returns the open directory for its versions.</summary>
    internal Fd Note(Conflict conflict, ReadOnlySpan<byte> path)
    {
        using var directory = ReplicaRoot.MakeDirectory(root.Conflicts, NameOf(conflict.Loser), Private);
        Append(directory, "about\0"u8, ConflictAbout.Encode(conflict, path));
        return ReplicaRoot.MakeDirectory(directory, "kept", Private);
    }

    internal void KeepRecord(Conflict conflict, RecordView record)
    {
        using var directory = ReplicaRoot.MakeDirectory(root.Conflicts, NameOf(conflict.Loser), Private);
        Append(directory, "records\0"u8, record.Bytes);
    }

    /// <summary>The directories that hold versions, open.</summary>
    internal IEnumerable<Fd> OpenKept()
    {
        foreach (var name in NamesIn(root.Conflicts))
        {
            using var directory = TryOpen(root.Conflicts, name);
            var kept = directory is null ? null : TryOpen(directory, "kept"u8.ToArray());
            if (kept is not null)
            {
                yield return kept;
            }
        }
    }

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

    private static Fd? TryOpen(Fd parent, byte[] name)
    {
        var path = new CName(name);
        var result = Interop.Sys.OpenAt(parent, path.Bytes, OpenFlags.ReadOnly | OpenFlags.Directory | OpenFlags.NoFollow);
        return result >= 0 ? new Fd(result) : null;
    }

    private static void Append(Fd directory, ReadOnlySpan<byte> name, ReadOnlySpan<byte> bytes)
    {
        var flags = OpenFlags.ReadWrite | OpenFlags.Create | OpenFlags.NoFollow;
        using var file = new Fd(SysException.Check(Interop.Sys.OpenAt(directory, name, flags, 0x180), "open", name));
        SysException.Check(Interop.Sys.StatX(file, out var stat), "statx", name.ToString());
        SysException.Check(Interop.Sys.PWrite(file, bytes, (long)stat.Size), "pwrite", name);
    }

    private static void AddAll(List<KeptConflict> all, Fd directory, string name)
    {
        using var kept = TryOpen(directory, "kept"u8.ToArray());
        var names = kept is null ? [] : NamesIn(kept);
        var present = names.Select(Convert.ToHexString).ToHashSet();
        var seen = new HashSet<(Dot, string, Fid)>();
        var numbers = new Dictionary<string, int>();
        foreach (var line in ReadLines(directory))
        {
            // An operation that a crash cut short is noted once more when it is done again.
            if (ConflictAbout.Decode(line) is var (conflict, path) && seen.Add((conflict.Winner, conflict.Reason, conflict.Object)))
            {
                all.Add(new KeptConflict(conflict, name, conflict.Loser.Counter == 0 ? KeptOf(conflict.Name) : names, path));
            }
        }

        // What no single update made (it was here before a join) shares a directory: each has its name, in order.
        byte[][] KeptOf(byte[] own)
        {
            var key = Convert.ToHexString(own);
            var number = numbers.GetValueOrDefault(key);
            numbers[key] = number + 1;
            var kept = KeptName.Of(own, number);
            return present.Contains(Convert.ToHexString(kept)) ? [kept] : [];
        }
    }

    private static IEnumerable<ReadOnlyMemory<byte>> ReadLines(Fd directory)
    {
        var result = Interop.Sys.OpenAt(directory, "about\0"u8, OpenFlags.ReadOnly | OpenFlags.NoFollow);
        if (result < 0)
        {
            yield break;
        }

        using var file = new Fd(result);
        SysException.Check(Interop.Sys.StatX(file, out var stat), "statx", "about");
        var bytes = new byte[Math.Min(stat.Size, MaxAbout)];
        ReadOnlyMemory<byte> rest = bytes.AsMemory(0, SysException.Check(Interop.Sys.PRead(file, bytes, 0), "pread", "about"));
        while (rest.Span.IndexOf((byte)'\n') is >= 0 and var end)
        {
            yield return rest[..end];
            rest = rest[(end + 1)..];
        }
    }
}
