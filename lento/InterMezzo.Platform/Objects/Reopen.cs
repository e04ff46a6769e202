// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Platform;

/// <summary>Opens what is open with O_PATH a second time, to work on its content.</summary>
internal static class Reopen
{
    /// <summary>Regular files and directories alone: opening a device or a fifo does something.</summary>
    internal static Fd ForReading(Fd fd, uint type) => type is FileType.Regular or FileType.Directory
        ? As(fd, OpenFlags.ReadOnly | OpenFlags.NonBlock | OpenFlags.NoAccessTime)
        : throw new InvalidOperationException("only regular files and directories have content");

    /// <summary>Null: it is being executed, or somebody has a lease on it that he has to give up first.</summary>
    internal static Fd? TryForWriting(Fd fd)
    {
        var path = CName.OfDescriptor(fd);
        var result = Interop.Sys.OpenAt(path.Bytes, OpenFlags.ReadWrite | OpenFlags.NonBlock);
        return result is -Errno.ETXTBSY or -Errno.EBUSY or -Errno.EAGAIN ? null : new Fd(SysException.Check(result, "open", "an object"));
    }

    private static Fd As(Fd fd, int flags)
    {
        var path = CName.OfDescriptor(fd);
        return new Fd(SysException.Check(Interop.Sys.OpenAt(path.Bytes, flags), "open", "an object"));
    }
}
