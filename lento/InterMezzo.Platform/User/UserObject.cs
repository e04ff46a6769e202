// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform;

/// <summary>An object of the tree, or any other file, as a program of the calling user has it.</summary>
public sealed class UserObject : IDisposable
{
    /// <summary>Bytes: what diff(1) looks at, and more.</summary>
    private const int TextProbe = 65536;

    private readonly string _shown;
    private readonly Interop.Sys.StatXData _stat;

    internal UserObject(Fd fd, string shown)
    {
        (Fd, _shown) = (fd, shown);
        SysException.Check(Interop.Sys.StatX(fd, out _stat), "statx", shown);
    }

    internal Fd Fd { get; }

    public uint Mode => _stat.Mode;

    public ulong Size => _stat.Size;

    public uint Links => _stat.Links;

    /// <summary>A file by its path, symlinks followed.</summary>
    /// <exception cref="SysException"/>
    public static UserObject Open(string path) =>
        new(new Fd(SysException.Check(Interop.Sys.OpenAt(System.Text.Encoding.UTF8.GetBytes(path + '\0'), OpenFlags.Path), "open", path)), path);

    public bool IsSame(UserObject other) => (_stat.Ino, _stat.Device) == (other._stat.Ino, other._stat.Device);

    /// <summary>Of two files.</summary>
    public bool HasContentOf(UserObject other)
    {
        using var one = OpenContent();
        using var another = other.OpenContent();
        return Size == other.Size && ContentCompare.AreSame(one, another, Size);
    }

    /// <summary>A file that people can read, as far as its beginning tells.</summary>
    public bool IsText()
    {
        using var file = OpenContent();
        var start = new byte[TextProbe];
        return !start.AsSpan(0, SysException.Check(Interop.Sys.PRead(file, start, 0), "read", _shown)).Contains((byte)0);
    }

    public ObjectState ReadState() => ObjectReader.Read(Fd);

    /// <summary>Copies the content of a file to another, which exists.</summary>
    public void CopyTo(string path)
    {
        using var source = OpenContent();
        using var there = Open(path);
        using var target = Reopen.TryForWriting(there.Fd) ?? throw new IOException($"{path} is being executed");
        SparseCopy.Copy(source, target);
    }

    public void SetAttributes(KmlAttr attr)
    {
        if (attr.Has(AttrValid.Uid) || attr.Has(AttrValid.Gid))
        {
            var uid = attr.Has(AttrValid.Uid) ? attr.Uid : OpenObject.Unchanged;
            SysException.Check(OpenObject.SetOwner(Fd, uid, attr.Has(AttrValid.Gid) ? attr.Gid : OpenObject.Unchanged), "chown", _shown);
        }

        if (attr.Has(AttrValid.Mode))
        {
            SysException.Check(OpenObject.SetMode(Fd, isPath: true, attr.Mode), "chmod", _shown);
        }

        if (attr.Has(AttrValid.ModifyTime) || attr.Has(AttrValid.AccessTime))
        {
            SysException.Check(OpenObject.SetTimes(Fd, attr), "utimensat", _shown);
        }
    }

    /// <param name="name">Of the xattr.</param>
    /// <param name="value">Null: it goes.</param>
    public void SetXattr(ReadOnlySpan<byte> name, byte[]? value)
    {
        var path = new CName(name);
        var result = value is null ? OpenObject.RemoveXattr(Fd, path.Bytes) : OpenObject.SetXattr(Fd, isPath: true, path.Bytes, value);
        if (value is not null || result != -Errno.ENODATA)
        {
            SysException.Check(result, $"setxattr {Names.Show(name)}", _shown);
        }
    }

    public void Dispose() => Fd.Dispose();

    internal Fd OpenContent()
    {
        var path = CName.OfDescriptor(Fd);
        return _stat.Type == FileType.Regular
            ? new Fd(SysException.Check(Interop.Sys.OpenAt(path.Bytes, OpenFlags.ReadOnly | OpenFlags.NonBlock), "open", _shown))
            : throw new IOException($"{_shown} is no regular file");
    }
}
