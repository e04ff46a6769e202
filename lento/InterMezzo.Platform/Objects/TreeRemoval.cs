// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Platform;

/// <summary>Removes what the daemon itself has made, with all below it.</summary>
internal static class TreeRemoval
{
    /// <param name="directory">Of the daemon's own.</param>
    /// <param name="name">With NUL; nothing may be there.</param>
    internal static void Remove(Fd directory, ReadOnlySpan<byte> name)
    {
        var result = Interop.Sys.UnlinkAt(directory, name, 0);
        if (result is 0 or -Errno.ENOENT)
        {
            return;
        }

        if (result is not (-Errno.EISDIR or -Errno.EPERM))
        {
            SysException.Check(result, "unlinkat", name);
        }

        Empty(directory, name);
        SysException.Check(Interop.Sys.UnlinkAt(directory, name, At.RemoveDirectory), "rmdir", name);
    }

    internal static void Empty(Fd parent, ReadOnlySpan<byte> name)
    {
        var flags = OpenFlags.ReadOnly | OpenFlags.Directory | OpenFlags.NoFollow;
        using var directory = new Fd(SysException.Check(Interop.Sys.OpenAt(parent, name, flags), "open", name));
        List<byte[]> names;
        while ((names = FirstNames(directory)).Count > 0)
        {
            foreach (var entry in names)
            {
                Remove(directory, entry);
            }
        }
    }

    /// <summary>Some of the names, with NUL: removing while reading is not for every file system.</summary>
    private static List<byte[]> FirstNames(Fd directory)
    {
        using var reader = new DirectoryReader(Reopen.ForReading(directory, FileType.Directory));
        var names = new List<byte[]>();
        while (names.Count < 1024 && reader.Next(out var name))
        {
            names.Add([.. name.Span, 0]);
        }

        return names;
    }
}
