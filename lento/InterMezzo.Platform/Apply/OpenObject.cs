// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;

namespace InterMezzo.Platform;

/// <summary>
/// Sets attributes of an open object. Symlinks, devices, fifos and sockets can only be open as a path; then calls that
/// take no such descriptor go through /proc/self/fd.
/// </summary>
internal static class OpenObject
{
    internal const uint Unchanged = uint.MaxValue;

    internal static int SetOwner(Fd fd, uint uid, uint gid) => Interop.Sys.FChOwn(fd, uid, gid);

    internal static int SetMode(Fd fd, bool isPath, uint mode)
    {
        if (!isPath)
        {
            return Interop.Sys.FChMod(fd, mode & FileType.Permissions);
        }

        var path = CName.OfDescriptor(fd);
        return Interop.Sys.ChMod(path.Bytes, mode & FileType.Permissions);
    }

    internal static int SetTimes(Fd fd, in KmlAttr attr) => Interop.Sys.UtimensAt(fd, Attributes.ToTimes(attr));

    /// <param name="fd">The object.</param>
    /// <param name="isPath">Open with O_PATH.</param>
    /// <param name="name">With its NUL.</param>
    /// <param name="value">Its value.</param>
    internal static int SetXattr(Fd fd, bool isPath, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (FileFlags.IsName(name))
        {
            return FileFlags.Write(fd, value);
        }

        if (!isPath)
        {
            return Interop.Sys.FSetXattr(fd, name, value);
        }

        var path = CName.OfDescriptor(fd);
        return Interop.Sys.SetXattr(path.Bytes, name, value);
    }

    internal static int RemoveXattr(Fd fd, ReadOnlySpan<byte> name)
    {
        if (FileFlags.IsName(name))
        {
            return FileFlags.Write(fd, default);
        }

        var path = CName.OfDescriptor(fd);
        return Interop.Sys.RemoveXattr(path.Bytes, name);
    }
}
