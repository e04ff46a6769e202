// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform;

/// <summary>Whether two trees are equal in names, types, contents, modes, owners and xattrs (times may differ).</summary>
internal static class TreeCompare
{
    internal static bool AreEqual(ObjectTable objects, Fd first, Fd second)
    {
        var one = ObjectReader.Read(first);
        var other = ObjectReader.Read(second);
        if (!AreEqual(one, other))
        {
            return false;
        }

        return (one.Attr.Mode & FileType.Mask) switch
        {
            FileType.Regular => SameContent(first, second, one.Attr.Size),
            FileType.Directory => SameEntries(objects, first, second),
            _ => true,
        };
    }

    private static bool AreEqual(ObjectState one, ObjectState other) =>
        one.Attr.Mode == other.Attr.Mode && one.Attr.Uid == other.Attr.Uid && one.Attr.Gid == other.Attr.Gid &&
        ((one.Attr.Mode & FileType.Mask) != FileType.Regular || one.Attr.Size == other.Attr.Size) &&
        one.Attr.Major == other.Attr.Major && one.Attr.Minor == other.Attr.Minor &&
        one.Target.AsSpan().SequenceEqual(other.Target) && XattrChange.Between(one.Xattrs!, other.Xattrs!).Count == 0;

    private static bool SameContent(Fd first, Fd second, ulong size)
    {
        using var one = Reopen.ForReading(first, FileType.Regular);
        using var other = Reopen.ForReading(second, FileType.Regular);
        return ContentCompare.AreSame(one, other, size);
    }

    private static bool SameEntries(ObjectTable objects, Fd first, Fd second)
    {
        using var reader = new DirectoryReader(Reopen.ForReading(first, FileType.Directory));
        var count = 0;
        while (reader.Next(out var name))
        {
            count++;
            using var one = objects.Look(first, name.Span, out _);
            using var other = objects.Look(second, name.Span, out _);
            if (one is null || other is null || !AreEqual(objects, one, other))
            {
                return false;
            }
        }

        return count == ConflictStore.NamesIn(second).Count;
    }
}
