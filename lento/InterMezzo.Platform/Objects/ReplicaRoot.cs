// SPDX-License-Identifier: GPL-2.0-or-later
using System.Text;
using InterMezzo.Journal;

namespace InterMezzo.Platform;

/// <summary>
/// The directory a fileset lives in, and the directories of the daemon's own below it:
/// .intermezzo/FILESET/{staging,conflicts}. Everything is reached through these descriptors.
/// </summary>
internal sealed class ReplicaRoot : IDisposable
{
    internal const string ControlDirectory = ".intermezzo";

    // The module goes by these: what is in a directory of staging/aside, or of conflicts/ID/kept, has left the tree and may come back.
    internal const string StagingName = "staging";
    internal const string AsideName = "aside";
    internal const string ConflictsName = "conflicts";
    internal const string KeptName = "kept";

    internal static ReadOnlySpan<byte> ControlName => ".intermezzo"u8;

    internal ReplicaRoot(string path, string fileset, ulong self)
    {
        Path = System.IO.Path.GetFullPath(path);
        Fileset = fileset;
        Self = self;
        Fd = OpenDirectory(Path);
        Device = DeviceOf(Fd);
        Control = MakeDirectory(MakeDirectory(Fd, ControlDirectory, 0x1c0), fileset, 0x1c0);
        Staging = MakeDirectory(Control, StagingName, 0x1c0);
        Objects = MakeDirectory(Staging, "objects", 0x1c0);
        Contents = MakeDirectory(Staging, "contents", 0x1c0);
        Aside = MakeDirectory(Staging, AsideName, 0x1c0);
        Redo = MakeDirectory(Staging, "redo", 0x1c0);
        Conflicts = MakeDirectory(Control, ConflictsName, 0x1c0);
        FindFid();
    }

    internal string Path { get; }

    internal string Fileset { get; }

    internal ulong Self { get; }

    /// <summary>The root's own; a join gives it that of the server's root.</summary>
    internal Fid Fid { get; private set; }

    /// <summary>The root's device number: nothing on another file system belongs to the fileset.</summary>
    internal ulong Device { get; }

    internal Fd Fd { get; }

    internal Fd Control { get; }

    internal Fd Staging { get; }

    /// <summary>Objects being made; emptied at start.</summary>
    internal Fd Objects { get; }

    /// <summary>Contents being received.</summary>
    internal Fd Contents { get; }

    /// <summary>Objects taken out of the way, named by their FIDs.</summary>
    internal Fd Aside { get; }

    /// <summary>Contents being written in place.</summary>
    internal Fd Redo { get; }

    internal Fd Conflicts { get; }

    internal string ControlPath => System.IO.Path.Combine(Path, ControlDirectory, Fileset);

    /// <summary>The root stands for the server's root from now on.</summary>
    internal void Adopt(Fid fid)
    {
        if (fid != Fid)
        {
            FidXattr.Write(Fd, fid);
            Fid = fid;
        }
    }

    /// <summary>The daemon's own directory.</summary>
    internal bool IsControl(Fid parent, ReadOnlySpan<byte> name) => parent == Fid && name.SequenceEqual(ControlName);

    /// <summary>
    /// No data of the fileset's: something else is mounted there, or it is lost+found, which mke2fs makes, as inode
    /// 11, in the root of each file system.
    /// </summary>
    internal bool IsForeign(Fid parent, ReadOnlySpan<byte> name, in Interop.Sys.StatXData stat) => stat.Device != Device ||
        (parent == Fid && stat.Ino == 11 && stat.Type == FileType.Directory && name.SequenceEqual("lost+found"u8));

    internal static Fd MakeDirectory(Fd parent, string name, uint mode)
    {
        var bytes = Encoding.UTF8.GetBytes(name + '\0');
        var made = Interop.Sys.MkDirAt(parent, bytes, mode);
        if (made != -Errno.EEXIST)
        {
            SysException.Check(made, "mkdir", name);
        }

        var flags = OpenFlags.ReadOnly | OpenFlags.Directory | OpenFlags.NoFollow;
        return new Fd(SysException.Check(Interop.Sys.OpenAt(parent, bytes, flags), "open", name));
    }

    /// <summary>
    /// Removes what is set aside or kept, with all below it: what is done in such a directory has records, so it goes
    /// where nothing has. What is there when lento stops, goes when it starts.
    /// </summary>
    /// <param name="directory">Below .intermezzo.</param>
    /// <param name="name">With NUL; nothing may be there.</param>
    internal void Discard(Fd directory, ReadOnlySpan<byte> name)
    {
        var gone = "gone\0"u8;
        TreeRemoval.Remove(Objects, gone);
        var result = Interop.Sys.RenameAt2(directory, name, Objects, gone, Interop.Sys.RenameNoReplace);
        if (result != -Errno.ENOENT)
        {
            SysException.Check(result, "renameat2", name);
            TreeRemoval.Remove(Objects, gone);
        }
    }

    internal static ulong DeviceOf(Fd fd)
    {
        SysException.Check(Interop.Sys.StatX(fd, out var stat), "statx", "a directory");
        return stat.Device;
    }

    public void Dispose()
    {
        foreach (var fd in (ReadOnlySpan<Fd>)[Conflicts, Redo, Aside, Contents, Objects, Staging, Control, Fd])
        {
            fd.Dispose();
        }
    }

    private static Fd OpenDirectory(string path) => new(SysException.Check(
        Interop.Sys.OpenAt(Encoding.UTF8.GetBytes(path + '\0'), OpenFlags.ReadOnly | OpenFlags.Directory), "open", path));

    private void FindFid() => Fid = FidXattr.TryRead(Fd, out var fid) ? fid : LocalFid.Of(Fd, Self, out _);
}
