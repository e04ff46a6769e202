// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform;

/// <summary>Reads everything of an open object but names and content.</summary>
internal static class ObjectReader
{
    /// <summary>XATTR_LIST_MAX and XATTR_SIZE_MAX</summary>
    private const int XattrMax = 65536;

    private const int TargetMax = 4096;

    private static readonly IReadOnlyList<Xattr> s_noXattrs = [];

    internal static ObjectState Read(Fd fd)
    {
        SysException.Check(Interop.Sys.StatX(fd, out var stat), "statx", "an object");
        return new ObjectState
        {
            Attr = Attributes.FromStat(stat),
            Target = (stat.Mode & FileType.Mask) == FileType.Symlink ? ReadTarget(fd) : null,
            Xattrs = ReadXattrs(fd, stat),
        };
    }

    internal static byte[] ReadTarget(Fd fd)
    {
        Span<byte> buffer = stackalloc byte[TargetMax];
        var length = SysException.Check(Interop.Sys.ReadLinkAt(fd, "\0"u8, buffer), "readlink", "an object");
        return buffer[..length].ToArray();
    }

    internal static IReadOnlyList<Xattr> ReadXattrs(Fd fd)
    {
        SysException.Check(Interop.Sys.StatX(fd, out var stat), "statx", "an object");
        return ReadXattrs(fd, stat);
    }

    /// <summary>Flags of the file are among them.</summary>
    private static IReadOnlyList<Xattr> ReadXattrs(Fd fd, in Interop.Sys.StatXData stat)
    {
        var stored = ReadStored(fd);
        return FileFlags.Has(stat) ? [.. stored, FileFlags.Of(stat)] : stored;
    }

    private static IReadOnlyList<Xattr> ReadStored(Fd fd)
    {
        var path = CName.OfDescriptor(fd);
        Span<byte> small = stackalloc byte[512];
        var length = Interop.Sys.ListXattr(path.Bytes, small);
        if (length is 0 or -Errno.EOPNOTSUPP)
        {
            return s_noXattrs;
        }

        ReadOnlySpan<byte> names = length == -Errno.ERANGE ? ReadLong(path.Bytes) : small[..SysException.Check(length, "listxattr", "an object")];
        List<Xattr>? all = null;
        while (!names.IsEmpty)
        {
            var end = names.IndexOf((byte)0);
            var name = names[..(end + 1)];
            names = names[(end + 1)..];
            if (!name.StartsWith(FidXattr.Prefix) && ReadValue(path.Bytes, name) is { } value)
            {
                (all ??= []).Add(new Xattr(name[..^1].ToArray(), value));
            }
        }

        return all ?? s_noXattrs;
    }

    private static byte[] ReadLong(ReadOnlySpan<byte> path)
    {
        var names = new byte[XattrMax];
        var length = SysException.Check(Interop.Sys.ListXattr(path, names), "listxattr", "an object");
        return names[..length];
    }

    /// <summary>Null: removed since it was listed, or listed but not to be read.</summary>
    private static byte[]? ReadValue(ReadOnlySpan<byte> path, ReadOnlySpan<byte> name)
    {
        Span<byte> small = stackalloc byte[512];
        var length = Interop.Sys.GetXattr(path, name, small);
        if (length >= 0)
        {
            return small[..length].ToArray();
        }

        if (length != -Errno.ERANGE)
        {
            return length is -Errno.ENODATA or -Errno.EOPNOTSUPP ? null : throw new SysException(-length, "getxattr", Names.Show(name));
        }

        var large = new byte[XattrMax];
        length = Interop.Sys.GetXattr(path, name, large);
        return length == -Errno.ENODATA ? null : large[..SysException.Check(length, "getxattr", name)];
    }
}
