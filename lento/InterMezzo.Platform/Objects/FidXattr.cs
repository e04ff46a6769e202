// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;

namespace InterMezzo.Platform;

/// <summary>The identity of a replicated object, on its inode as struct kml_fid.</summary>
internal static class FidXattr
{
    private const int Size = KmlFormat.FidSize;

    internal static ReadOnlySpan<byte> Name => "trusted.intermezzo.fid\0"u8;

    /// <summary>What is ours, and travels with no object.</summary>
    internal static ReadOnlySpan<byte> Prefix => "trusted.intermezzo."u8;

    /// <summary>False: the object carries none, it was made here.</summary>
    internal static bool TryRead(Fd fd, out Fid fid)
    {
        Span<byte> bytes = stackalloc byte[Size];
        var path = CName.OfDescriptor(fd);
        var result = Interop.Sys.GetXattr(path.Bytes, Name, bytes);
        if (result is -Errno.ENODATA or -Errno.EOPNOTSUPP)
        {
            fid = default;
            return false;
        }

        SysException.Check(result, "getxattr trusted.intermezzo.fid", "an object");
        fid = result == Size ? Fid.Read(bytes) : default;
        return result == Size && fid.Replica != 0;
    }

    internal static void Write(Fd fd, Fid fid)
    {
        Span<byte> bytes = stackalloc byte[Size];
        fid.Write(bytes);
        var path = CName.OfDescriptor(fd);
        SysException.Check(Interop.Sys.SetXattr(path.Bytes, Name, bytes), "setxattr trusted.intermezzo.fid", fid.ToString());
    }
}
