// SPDX-License-Identifier: GPL-2.0-or-later
using System.Text;

namespace InterMezzo.Platform;

/// <summary>
/// A directory of a fileset's tree as any program sees it, for the command line: what is done here is done with the
/// rights of whoever called, and is an update like any other.
/// </summary>
public sealed class UserDirectory : IDisposable
{
    private readonly Fd _fd;
    private readonly string _shown;

    private UserDirectory(Fd fd, string shown) => (_fd, _shown) = (fd, shown);

    /// <param name="mount">Where the fileset is.</param>
    /// <param name="path">Below it; empty: the fileset's root. No symlink is followed.</param>
    /// <exception cref="SysException"/>
    public static UserDirectory Open(string mount, byte[] path)
    {
        var shown = path.Length == 0 ? mount : $"{mount}/{Names.Show(path)}";
        var flags = OpenFlags.ReadOnly | OpenFlags.Directory;
        var top = new Fd(SysException.Check(Interop.Sys.OpenAt(Encoding.UTF8.GetBytes(mount + '\0'), flags), "open", mount));
        if (path.Length == 0)
        {
            return new UserDirectory(top, shown);
        }

        using (top)
        {
            return new UserDirectory(new Fd(SysException.Check(Interop.Sys.OpenAt2Beneath(top, [.. path, 0], flags), "open", shown)), shown);
        }
    }

    /// <summary>Null: there is no such directory.</summary>
    public static UserDirectory? TryOpen(string mount, byte[] path)
    {
        try
        {
            return Open(mount, path);
        }
        catch (SysException exception) when (exception.Error is Errno.ENOENT or Errno.ENOTDIR or Errno.ELOOP)
        {
            return null;
        }
    }

    /// <summary>Null: nothing is there.</summary>
    public UserObject? Look(byte[] name)
    {
        var path = NameOf(name);
        var result = Interop.Sys.OpenAt(_fd, path, OpenFlags.Path | OpenFlags.NoFollow);
        return result == -Errno.ENOENT ? null : new UserObject(new Fd(SysException.Check(result, "open", Shown(name))), Shown(name));
    }

    /// <summary>Something that isn't there yet, under a name of its own until it has its place.</summary>
    public NewVersion Make(string id) => new(_fd, _shown, id);

    /// <summary>The target must be free.</summary>
    public void Rename(byte[] name, UserDirectory to, byte[] toName) => SysException.Check(
        Interop.Sys.RenameAt2(_fd, NameOf(name), to._fd, NameOf(toName), Interop.Sys.RenameNoReplace), "rename", $"{Shown(name)} to {to.Shown(toName)}");

    public void Remove(byte[] name, bool isDirectory) =>
        SysException.Check(Interop.Sys.UnlinkAt(_fd, NameOf(name), isDirectory ? At.RemoveDirectory : 0), "remove", Shown(name));

    /// <summary>Another name for an object.</summary>
    public void Link(UserObject existing, byte[] name) => SysException.Check(Interop.Sys.LinkAt(existing.Fd, _fd, NameOf(name)), "link", Shown(name));

    public void Dispose() => _fd.Dispose();

    private string Shown(ReadOnlySpan<byte> name) => $"{_shown}/{Names.Show(name)}";

    private static byte[] NameOf(byte[] name) =>
        Names.IsValid(name) ? [.. name, 0] : throw new IOException($"{Names.Show(name)} is no name of a file");
}
