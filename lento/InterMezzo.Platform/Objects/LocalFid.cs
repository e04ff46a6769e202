// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;

namespace InterMezzo.Platform;

/// <summary>The identity of an object that was made here: nothing is stored, the inode tells it.</summary>
internal static class LocalFid
{
    internal static Fid Of(Fd fd, ulong self, out ObjectHandle handle)
    {
        handle = HandleOf(fd);
        var ino = 0ul;
        if (!handle.TellsInode)
        {
            SysException.Check(Interop.Sys.StatX(fd, out var stat), "statx", "an object");
            ino = stat.Ino;
        }

        var (number, gen) = handle.Identify(ino);
        return new Fid(self, number, gen);
    }

    internal static ObjectHandle HandleOf(Fd fd)
    {
        SysException.Check(Interop.Sys.NameToHandleAt(fd, out var handle), "name_to_handle_at", "an object");
        return handle;
    }
}
