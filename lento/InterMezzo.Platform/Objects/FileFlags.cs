// SPDX-License-Identifier: GPL-2.0-or-later
using System.Buffers.Binary;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform;

/// <summary>
/// Immutable and append-only (chattr +i, +a): they travel as an xattr that no file system has, KML_XATTR_FLAGS of
/// kernel/intermezzo.h, and are an ioctl here.
/// </summary>
internal static class FileFlags
{
    private const int Size = sizeof(uint);

    /// <summary>FS_IMMUTABLE_FL and FS_APPEND_FL; STATX_ATTR_* has the same bits.</summary>
    private const uint Told = 0x30;

    /// <summary>FS_IOC_GETFLAGS: _IOR('f', 1, long), though it is an int.</summary>
    private const ulong Get = 0x80086601;

    /// <summary>FS_IOC_SETFLAGS: _IOW('f', 2, long)</summary>
    private const ulong Set = 0x40086602;

    internal static ReadOnlySpan<byte> Name => "system.intermezzo.flags"u8;

    /// <param name="name">Of an xattr, with its NUL or without.</param>
    internal static bool IsName(ReadOnlySpan<byte> name) => name.TrimEnd((byte)0).SequenceEqual(Name);

    internal static bool Has(in Interop.Sys.StatXData stat) => (stat.FileAttributes & Told) != 0;

    /// <summary>Those of a state that is told. Null: neither flag.</summary>
    internal static byte[]? Of(ObjectState state)
    {
        foreach (var xattr in state.Xattrs ?? [])
        {
            if (IsName(xattr.Name))
            {
                return xattr.Value;
            }
        }

        return null;
    }

    internal static ObjectState Without(ObjectState state) => new()
    {
        Attr = state.Attr,
        Target = state.Target,
        Xattrs = state.Xattrs?.Where(xattr => !IsName(xattr.Name)).ToArray(),
    };

    internal static Xattr Of(in Interop.Sys.StatXData stat)
    {
        var value = new byte[Size];
        BinaryPrimitives.WriteUInt32LittleEndian(value, (uint)stat.FileAttributes & Told);
        return new Xattr(Name.ToArray(), value);
    }

    /// <summary>Zero or a negative errno.</summary>
    /// <param name="fd">The object, as a path or open.</param>
    /// <param name="value">That of the xattr; empty: neither flag.</param>
    internal static int Write(Fd fd, ReadOnlySpan<byte> value)
    {
        SysException.Check(Interop.Sys.StatX(fd, out var stat), "statx", "an object");
        if (stat.Type is not (FileType.Regular or FileType.Directory))
        {
            return -Errno.EOPNOTSUPP;
        }

        if (value.Length is not (0 or Size))
        {
            return -Errno.EINVAL;
        }

        using var open = Reopen.ForReading(fd, stat.Type);
        uint flags = 0;
        var result = Interop.Sys.Ioctl(open, Get, ref flags);
        if (result == 0)
        {
            flags = (flags & ~Told) | (value.IsEmpty ? 0 : BinaryPrimitives.ReadUInt32LittleEndian(value) & Told);
            result = Interop.Sys.Ioctl(open, Set, ref flags);
        }

        return result == -Errno.ENOTTY ? -Errno.EOPNOTSUPP : result;
    }
}
