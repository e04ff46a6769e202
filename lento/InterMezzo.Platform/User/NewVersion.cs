// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using System.Text;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform;

/// <summary>
/// A version that comes into the tree, with all below it: made under a name of its own in the directory that it belongs
/// to, whole, then given its place by one operation. Whoever looks sees what was there before, or this.
/// </summary>
public sealed class NewVersion : IDisposable
{
    private const uint Private = 0x180;

    private readonly Fd _directory;
    private readonly string _shown;
    private readonly byte[] _name;

    // From the version itself down to the object that is being made.
    private readonly List<Level> _open = [];
    private readonly Dictionary<ulong, Fd> _linked = [];
    private bool _isPlaced;

    internal NewVersion(Fd directory, string shown, string id)
    {
        (_directory, _shown) = (directory, shown);
        _name = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $".conflict-{id}-{Environment.ProcessId}~\0"));
    }

    /// <summary>The next object; what was begun before on its level, or below, is complete.</summary>
    /// <param name="depth">0: the version itself; 1: in it, ...</param>
    /// <param name="name">Its name there. Of the version itself it doesn't matter.</param>
    /// <param name="state">What it is.</param>
    /// <param name="ino">Where it was: what has several names is made once.</param>
    public void Begin(int depth, byte[] name, ObjectState state, ulong ino)
    {
        if (depth > _open.Count || (depth == 0) != (_open.Count == 0) || (depth > 0 && !Names.IsValid(name)))
        {
            throw new IOException($"{Names.Show(name)} stands nowhere");
        }

        Complete(depth);
        var directory = depth == 0 ? _directory : _open[depth - 1].Fd;
        byte[] path = depth == 0 ? _name : [.. name, 0];
        var type = state.Attr.Mode & FileType.Mask;
        if (_linked.TryGetValue(ino, out var first))
        {
            SysException.Check(Interop.Sys.LinkAt(first, directory, path), "link", Names.Show(name));
            return;
        }

        var made = MakeEmpty(directory, path, type, state);
        _open.Add(new Level(made, type, state));
        if (type != FileType.Directory && state.Attr.Links > 1)
        {
            _linked.Add(ino, new Fd(SysException.Check(Interop.Sys.OpenAt(directory, path, OpenFlags.Path | OpenFlags.NoFollow), "open", name)));
        }
    }

    /// <summary>A piece of the content of the object that was begun last; what no piece covers is a hole.</summary>
    public void Write(ulong offset, ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty)
        {
            var written = SysException.Check(Interop.Sys.PWrite(File, data, checked((long)offset)), "write", _shown);
            data = data[written..];
            offset += (ulong)written;
        }
    }

    /// <summary>The size of the object that was begun last.</summary>
    public void EndAt(ulong size) => SysException.Check(Interop.Sys.FTruncate(File, checked((long)size)), "ftruncate", _shown);

    /// <summary>All of its content.</summary>
    public void CopyFrom(UserObject file)
    {
        using var source = file.OpenContent();
        SparseCopy.Copy(source, File);
    }

    /// <summary>False: something has the name.</summary>
    public bool Enter(byte[] name) => Place(name, Interop.Sys.RenameNoReplace);

    /// <summary>Takes the name, whoever has it. What has other names as well gets the content and the attributes instead.</summary>
    public void Replace(byte[] name, UserObject there)
    {
        if (there.Links == 1 || (there.Mode & FileType.Mask) != FileType.Regular || _open[0].Type != FileType.Regular)
        {
            Place(name, 0);
            return;
        }

        var state = _open[0].State;
        using (var source = new Fd(SysException.Check(Interop.Sys.OpenAt(_directory, _name, OpenFlags.ReadOnly | OpenFlags.NoFollow), "open", _shown)))
        using (var target = Reopen.TryForWriting(there.Fd) ?? throw new IOException($"{_shown}/{Names.Show(name)} is being executed"))
        {
            SparseCopy.Copy(source, target);
        }

        foreach (var (xattr, value) in XattrChange.Between(ObjectReader.ReadXattrs(there.Fd), state.Xattrs ?? []))
        {
            there.SetXattr(xattr, value);
        }

        Dress(there.Fd, isPath: true, state);
    }

    /// <summary>A file of the same content is there already: it was brought in before, and the program ended too early.</summary>
    public bool IsLike(UserObject there)
    {
        if (_open[0].Type != FileType.Regular || (there.Mode & FileType.Mask) != FileType.Regular)
        {
            return false;
        }

        var fd = Interop.Sys.OpenAt(_directory, _name, OpenFlags.Path | OpenFlags.NoFollow);
        using var made = new UserObject(new Fd(SysException.Check(fd, "open", _shown)), _shown);
        return there.HasContentOf(made);
    }

    public void Dispose()
    {
        foreach (var level in _open)
        {
            level.Fd.Dispose();
        }

        foreach (var (_, fd) in _linked)
        {
            fd.Dispose();
        }

        if (!_isPlaced)
        {
            TreeRemoval.Remove(_directory, _name);
        }
    }

    private Fd File => _open is [.., { Type: FileType.Regular } last] ? last.Fd : throw new IOException("only a file has content");

    private bool Place(byte[] name, uint flags)
    {
        Complete(0, keepsOpen: true);
        var path = new CName(Names.IsValid(name) ? name : throw new IOException($"{Names.Show(name)} is no name of a file"));
        var result = Interop.Sys.RenameAt2(_directory, _name, _directory, path.Bytes, flags);
        if (result == -Errno.EEXIST && flags != 0)
        {
            return false;
        }

        SysException.Check(result, "rename", $"{_shown}/{Names.Show(name)}");
        return _isPlaced = true;
    }

    private Fd MakeEmpty(Fd directory, byte[] path, uint type, ObjectState state)
    {
        SysException.Check(
            type switch
            {
                FileType.Regular => 0,
                FileType.Directory => Interop.Sys.MkDirAt(directory, path, 0x1c0),
                FileType.Symlink => Interop.Sys.SymlinkAt([.. state.Target ?? throw new IOException("a symlink without a target"), 0], directory, path),
                _ => Interop.Sys.MkNodAt(directory, path, type | Private, state.Attr.Major, state.Attr.Minor),
            },
            "make",
            $"{_shown}/{Names.Show(path)}");
        var flags = type switch
        {
            FileType.Regular => OpenFlags.ReadWrite | OpenFlags.Create | OpenFlags.Exclusive,
            FileType.Directory => OpenFlags.ReadOnly | OpenFlags.Directory,
            _ => OpenFlags.Path,
        };
        return new Fd(SysException.Check(Interop.Sys.OpenAt(directory, path, flags | OpenFlags.NoFollow, Private), "open", $"{_shown}/{Names.Show(path)}"));
    }

    /// <summary>What changes an object's times, as making what is in it, is over.</summary>
    private void Complete(int depth, bool keepsOpen = false)
    {
        for (var i = _open.Count - 1; i >= depth; i--)
        {
            Dress(_open[i].Fd, _open[i].Type is not (FileType.Regular or FileType.Directory), _open[i].State);
            if (i > 0 || !keepsOpen)
            {
                _open[i].Fd.Dispose();
                _open.RemoveAt(i);
            }
        }
    }

    /// <summary>An owner that can't be given is no small thing: then nothing is done.</summary>
    private void Dress(Fd fd, bool isPath, ObjectState state)
    {
        SysException.Check(Interop.Sys.StatX(fd, out var stat), "statx", _shown);
        if ((stat.Uid, stat.Gid) != (state.Attr.Uid, state.Attr.Gid))
        {
            SysException.Check(OpenObject.SetOwner(fd, state.Attr.Uid, state.Attr.Gid), "chown", _shown);
        }

        ObjectMaker.Dress(fd, isPath, default, state);
    }

    private sealed record Level(Fd Fd, uint Type, ObjectState State);
}
