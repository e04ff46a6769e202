// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using System.Text;
using InterMezzo.Journal;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform;

/// <summary>
/// Makes objects in staging: data, owner, xattrs and identity, mode, times, in this order (an owner's change clears
/// set-id bits, an ACL changes the mode, everything changes times).
/// </summary>
internal sealed class ObjectMaker(ReplicaRoot root)
{
    private const uint Private = 0x180;

    private ulong _count;

    /// <param name="fid">Its identity; none: an anonymous copy.</param>
    /// <param name="state">What it is.</param>
    /// <param name="content">Null: empty.</param>
    internal Made Make(Fid fid, ObjectState state, Content? content)
    {
        var made = MakeEmpty(state, content);
        try
        {
            if (made.Type == FileType.Regular)
            {
                Fill(made.Fd, content);
            }

            Dress(made.Fd, made.IsPath, fid, state);
            return made;
        }
        catch
        {
            made.Remove();
            made.Dispose();
            throw;
        }
    }

    /// <summary>An anonymous copy of an object: state and content, no identity.</summary>
    internal Made MakeCopy(Fd original, uint type)
    {
        var state = ObjectReader.Read(original);
        var made = MakeEmpty(state, null);
        try
        {
            if (type == FileType.Regular)
            {
                using var source = Reopen.ForReading(original, type);
                SparseCopy.Copy(source, made.Fd);
            }

            Dress(made.Fd, made.IsPath, default, state);
            return made;
        }
        catch
        {
            made.Remove();
            made.Dispose();
            throw;
        }
    }

    /// <summary>A name that isn't in use.</summary>
    internal byte[] NewName() => Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{++_count:x}\0"));

    internal static void WritePieces(Fd fd, InlineContent content)
    {
        foreach (var piece in content.Pieces)
        {
            var data = piece.Data.Span;
            var offset = checked((long)piece.Offset);
            while (!data.IsEmpty)
            {
                var written = SysException.Check(Interop.Sys.PWrite(fd, data, offset), "pwrite", "a new file");
                data = data[written..];
                offset += written;
            }
        }
    }

    /// <summary>Gives an object in staging, open as a path, another state.</summary>
    internal static void DressAgain(Fd fd, ObjectState state)
    {
        foreach (var (name, value) in XattrChange.Between(ObjectReader.ReadXattrs(fd), state.Xattrs ?? []))
        {
            if (value is null)
            {
                var withNul = new CName(name);
                SysException.Check(OpenObject.RemoveXattr(fd, withNul.Bytes), "removexattr", name);
            }
        }

        Dress(fd, isPath: true, default, state);
    }

    private Made MakeEmpty(ObjectState state, Content? content)
    {
        var type = state.Attr.Mode & FileType.Mask;
        if (type == FileType.Regular && content is StagedContent { File: StagingFile file })
        {
            return TakeOver(file);
        }

        var name = NewName();
        var directory = root.Objects;
        SysException.Check(
            type switch
            {
                FileType.Regular => 0,
                FileType.Directory => Interop.Sys.MkDirAt(directory, name, 0x1c0),
                FileType.Symlink => Interop.Sys.SymlinkAt(TargetOf(state), directory, name),
                _ => Interop.Sys.MkNodAt(directory, name, type | Private, state.Attr.Major, state.Attr.Minor),
            },
            "making", "a new object");
        var flags = type switch
        {
            FileType.Regular => OpenFlags.ReadWrite | OpenFlags.Create | OpenFlags.Exclusive,
            FileType.Directory => OpenFlags.ReadOnly | OpenFlags.Directory,
            _ => OpenFlags.Path,
        };
        var fd = SysException.Check(Interop.Sys.OpenAt(directory, name, flags | OpenFlags.NoFollow, Private), "open", "a new object");
        return new Made(directory, name, new Fd(fd), type);
    }

    /// <summary>The staging file becomes the object.</summary>
    private Made TakeOver(StagingFile file)
    {
        var name = ContentStage.ToPath(file.Name);
        return new Made(root.Contents, name, file.Reopen(), FileType.Regular, file);
    }

    private static void Fill(Fd fd, Content? content)
    {
        switch (content)
        {
            case InlineContent inline:
                WritePieces(fd, inline);
                var last = inline.Pieces.Count > 0 ? inline.Pieces[^1] : default;
                if (last.Offset + (ulong)last.Data.Length < inline.Size)
                {
                    SysException.Check(Interop.Sys.FTruncate(fd, checked((long)inline.Size)), "ftruncate", "a new file");
                }

                break;
            case FileContent { File: TreeObject file }:
                using (var source = Reopen.ForReading(file.Fd, FileType.Regular))
                {
                    SparseCopy.Copy(source, fd);
                }

                break;
            case StagedContent { File.IsComplete: false } staged:
                throw new InvalidOperationException($"{staged.File.Key}: the content is not complete");
            case StagedContent:
                Interop.Sys.FRemoveXattr(fd, StagingFile.NoteName);
                Interop.Sys.FRemoveXattr(fd, Applier.TargetName);
                break;
        }
    }

    internal static void Dress(Fd fd, bool isPath, Fid fid, ObjectState state)
    {
        var attr = state.Attr;
        var subject = fid.ToString();
        if (isPath || attr.Uid != 0 || attr.Gid != 0)
        {
            SysException.Check(OpenObject.SetOwner(fd, attr.Uid, attr.Gid), "chown", subject);
        }

        SetXattrs(fd, isPath, state, subject);
        if (!fid.IsNone)
        {
            Span<byte> bytes = stackalloc byte[KmlFormat.FidSize];
            fid.Write(bytes);
            SysException.Check(OpenObject.SetXattr(fd, isPath, FidXattr.Name, bytes), "setxattr trusted.intermezzo.fid", subject);
        }

        if ((attr.Mode & FileType.Mask) != FileType.Symlink)
        {
            SysException.Check(OpenObject.SetMode(fd, isPath, attr.Mode), "chmod", subject);
        }

        SysException.Check(OpenObject.SetTimes(fd, attr), "utimensat", subject);
    }

    private static void SetXattrs(Fd fd, bool isPath, ObjectState state, string subject)
    {
        foreach (var xattr in state.Xattrs ?? [])
        {
            if (!XattrRules.IsOurs(xattr.Name) && !FileFlags.IsName(xattr.Name))
            {
                var name = new CName(xattr.Name);
                var result = OpenObject.SetXattr(fd, isPath, name.Bytes, xattr.Value);
                if (!XattrRules.MayFail(xattr.Name, result))
                {
                    SysException.Check(result, $"setxattr {Names.Show(xattr.Name)}", subject);
                }
            }
        }
    }

    private static byte[] TargetOf(ObjectState state) =>
        [.. state.Target ?? throw new InvalidOperationException("a symlink without a target"), 0];
}
