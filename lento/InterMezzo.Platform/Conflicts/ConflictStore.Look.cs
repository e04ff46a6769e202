// SPDX-License-Identifier: GPL-2.0-or-later
using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using InterMezzo.Journal;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform;

/// <summary>What a user is shown of a conflict before he decides.</summary>
internal sealed partial class ConflictStore
{
    /// <summary>Bytes: the longest records, more than there ever are of one update.</summary>
    private const int MaxRecords = 16 << 20;

    public IEnumerable<KeptObject> Walk(KeptConflict conflict, byte[] name)
    {
        using var kept = OpenKept(conflict.Directory);
        var fd = kept is null ? null : TryOpenPath(kept, name);
        if (fd is null)
        {
            yield break;
        }

        // The walk knows its directories by identity.
        SysException.Check(Interop.Sys.StatX(fd, out var stat), "statx", name);
        var top = new TreeObject(fd, objects.Identify(fd), stat, null);
        var above = new Stack<Fid>();
        foreach (var entry in new TreeWalk(objects, null).From(top))
        {
            while (above.Count > 0 && above.Peek() != entry.Parent)
            {
                above.Pop();
            }

            yield return new KeptObject(above.Count, entry.Name.IsEmpty ? name : entry.Name, ((TreeObject)entry.Object).Ino, entry.Object);
            if (entry.Object.Type == FileType.Directory)
            {
                above.Push(entry.Object.Fid);
            }
        }
    }

    public IReadOnlyList<byte[]> Updates(KeptConflict conflict)
    {
        using var directory = TryOpen(_root.Conflicts, Encoding.UTF8.GetBytes(conflict.Directory));
        var rest = directory is null ? default : ReadFile(directory, "records", MaxRecords);
        var all = new List<byte[]>();
        while (!rest.IsEmpty && RecordView.TryParse(rest.Span, out var record) == ParseStatus.Ok)
        {
            var bytes = record.Bytes.ToArray();
            if (RecordFacts.Object(record, _root.Self) == conflict.Conflict.Object && !all.Exists(other => other.AsSpan().SequenceEqual(bytes)))
            {
                all.Add(bytes);
            }

            rest = rest[record.Length..];
        }

        return all;
    }

    public ConflictPlace Locate(KeptConflict conflict)
    {
        var (parent, name) = (conflict.Conflict.Parent, conflict.Conflict.Name);
        using var known = objects.Find(conflict.Conflict.Object, out _);
        if (known is not null && PlaceOf(conflict, known, parent, name) is { } place)
        {
            return place;
        }

        using var directory = parent.IsNone ? null : objects.Find(parent, out _);
        if (directory is not null && Names.IsValid(name) && PathOf(directory) is { } path)
        {
            return Look(directory, path, name);
        }

        // Perhaps there is another one by now where it was. (Without a slash nobody knew where, but for the root, which is there.)
        var slash = conflict.Path.AsSpan().LastIndexOf((byte)'/');
        var (above, last) = (conflict.Path[..Math.Max(slash, 0)], conflict.Path[(slash + 1)..]);
        using var again = slash > 0 && Names.IsValid(last) ? TryOpenPath(above) : null;
        return again is null ? new ConflictPlace(PlaceKind.NoDirectory, above, last) : Look(again, above, last);
    }

    private ConflictPlace Look(Fd directory, byte[] path, byte[] name)
    {
        using var occupant = objects.Look(directory, name, out _);
        return new ConflictPlace(occupant is null ? PlaceKind.Free : PlaceKind.Other, path, name);
    }

    /// <summary>A directory of the tree.</summary>
    private Fd? TryOpenPath(byte[] path)
    {
        var result = Interop.Sys.OpenAt2Beneath(_root.Fd, [.. path, 0], OpenFlags.Path | OpenFlags.Directory);
        return result >= 0 ? new Fd(result) : null;
    }

    public byte[]? PathOf(Fid directory)
    {
        using var fd = objects.Find(directory, out var stat);
        return fd is not null && stat.Type == FileType.Directory ? PathOf(fd) : null;
    }

    public ulong Stamp(KeptConflict conflict)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> number = stackalloc byte[sizeof(ulong)];
        Add(hash, string.Create(CultureInfo.InvariantCulture, $"{conflict.Found.Count} {Updates(conflict).Count}"), number);
        foreach (var name in conflict.Kept)
        {
            foreach (var item in Walk(conflict, name))
            {
                var attr = item.Object.ReadState().Attr;
                hash.AppendData(item.Name.Span);
                Add(hash, string.Create(CultureInfo.InvariantCulture, $" {item.Depth} {item.Inode} {attr.Size} {attr.ModifyTime} {attr.ChangeTime}"), number);
            }
        }

        return BinaryPrimitives.ReadUInt64LittleEndian(hash.GetHashAndReset());
    }

    private static void Add(IncrementalHash hash, string text, Span<byte> number)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(number, (ulong)text.Length);
        hash.AppendData(number);
        hash.AppendData(Encoding.ASCII.GetBytes(text));
    }

    /// <summary>Where in the tree an object is. Null: it is in the store, or set aside.</summary>
    private ConflictPlace? PlaceOf(KeptConflict conflict, Fd known, Fid parent, byte[] name)
    {
        var fid = conflict.Conflict.Object;
        using var directory = parent.IsNone ? null : objects.Find(parent, out _);
        if (directory is not null && Names.IsValid(name) && PathOf(directory) is { } path)
        {
            using var occupant = objects.Look(directory, name, out var there);
            if (occupant is not null && there == fid)
            {
                return new ConflictPlace(PlaceKind.Object, path, name);
            }
        }

        using var moved = NamePlace.OfDescriptor(objects, fid, known);
        if (moved is null)
        {
            return IsKept(conflict) ? null : Search(fid);
        }

        return PathOf(moved.Directory) is { } above ? new ConflictPlace(PlaceKind.Object, above, moved.Name[..^1]) : null;
    }

    private bool IsKept(KeptConflict conflict)
    {
        using var kept = OpenKept(conflict.Directory);
        return kept is not null && conflict.Kept.Any(name => IdentityOf(kept, name) == conflict.Conflict.Object);
    }

    /// <summary>An object that was moved, and whose name the kernel doesn't know: all of the tree is looked at.</summary>
    private ConflictPlace? Search(Fid fid)
    {
        var root = objects.Find(_root.Fid, out var stat);
        foreach (var entry in root is null ? [] : new TreeWalk(objects, null).From(new TreeObject(root, _root.Fid, stat, null)))
        {
            if (entry.Object.Fid == fid && !entry.Name.IsEmpty && PathOf(entry.Parent) is { } path)
            {
                return new ConflictPlace(PlaceKind.Object, path, entry.Name.ToArray());
            }
        }

        return null;
    }

    /// <summary>Null: not in the tree, or deeper than a path can tell.</summary>
    private byte[]? PathOf(Fd directory)
    {
        Span<byte> path = stackalloc byte[4096];
        Span<byte> top = stackalloc byte[4096];
        var length = NamePlace.PathOf(directory, path);
        var topLength = NamePlace.PathOf(_root.Fd, top);
        if (topLength <= 0 || length < topLength || length >= path.Length || !path.StartsWith(top[..topLength]))
        {
            return null;
        }

        var rest = path[topLength..length];
        if (topLength > 1 && !rest.IsEmpty && rest[0] != (byte)'/')
        {
            return null;
        }

        rest = rest.TrimStart((byte)'/');
        var control = ReplicaRoot.ControlName;
        return rest.StartsWith(control) && (rest.Length == control.Length || rest[control.Length] == (byte)'/') ? null : rest.ToArray();
    }
}
