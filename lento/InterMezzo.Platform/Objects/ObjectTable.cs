// SPDX-License-Identifier: GPL-2.0-or-later
using System.Collections.Concurrent;
using InterMezzo.Journal;

namespace InterMezzo.Platform;

/// <summary>Finds objects by identity, and tells the identity of open ones. Any thread.</summary>
/// <param name="root">The fileset.</param>
/// <param name="index">Where replicated objects are.</param>
/// <param name="inodesAreOurs">
/// Every inode that a handle can name belongs to the fileset (presto: it has its own super block). Then a FID of this
/// replica is a handle. Otherwise only what the index has met may be opened: a peer must not reach the rest of the disk.
/// </param>
internal sealed class ObjectTable(ReplicaRoot root, SqliteIndex index, bool inodesAreOurs)
{
    private static readonly int s_asPath = OpenFlags.Path | OpenFlags.NoFollow;

    // Where objects were that the index knows, and a program has removed.
    private readonly ConcurrentDictionary<Fid, ObjectHandle> _gone = [];

    internal ReplicaRoot Root => root;

    internal SqliteIndex Index => index;

    /// <summary>Opens an object with O_PATH, whatever its type. Null: it isn't here (any more).</summary>
    internal Fd? Find(Fid fid, out Interop.Sys.StatXData stat)
    {
        stat = default;
        if (fid == root.Fid)
        {
            return OpenRoot(out stat);
        }

        var indexed = index.TryGet(fid, out var handle);
        if (!indexed && !(inodesAreOurs && fid.Replica == root.Self && fid.Ino <= uint.MaxValue))
        {
            return null;
        }

        var fd = OpenLive(indexed ? handle : ObjectHandle.FromInode(fid.Ino, fid.Gen), out stat);
        if (fd is not null && Belongs(fd, fid, indexed, stat))
        {
            return fd;
        }

        if (indexed)
        {
            _gone[fid] = handle;
        }

        fd?.Dispose();
        return null;
    }

    /// <summary>What stands at a name, opened with O_PATH. Null: nothing.</summary>
    internal Fd? Look(Fd directory, ReadOnlySpan<byte> name, out Fid fid)
    {
        var path = new CName(name);
        var result = Interop.Sys.OpenAt(directory, path.Bytes, s_asPath);
        if (result is -Errno.ENOENT or -Errno.ESTALE)
        {
            fid = default;
            return null;
        }

        var fd = new Fd(SysException.Check(result, "open", name));
        try
        {
            fid = Identify(fd);
            return fd;
        }
        catch
        {
            fd.Dispose();
            throw;
        }
    }

    internal Fid Identify(Fd fd)
    {
        if (FidXattr.TryRead(fd, out var fid))
        {
            return fid;
        }

        fid = LocalFid.Of(fd, root.Self, out var handle);
        if (!inodesAreOurs && (!index.TryGet(fid, out var known) || !known.Equals(handle)))
        {
            index.Put(fid, handle);
        }

        return fid;
    }

    /// <summary>A replicated object is here.</summary>
    internal void Learn(Fid fid, Fd fd) => index.Put(fid, LocalFid.HandleOf(fd));

    /// <summary>
    /// Of two inodes that carry one identity (what was here before a join came with the server's copy is kept) the tree's
    /// is the object.
    /// </summary>
    internal bool StandsFor(Fid fid, Fd fd) =>
        !index.TryGet(fid, out var handle) || (_gone.TryGetValue(fid, out var gone) && gone.Equals(handle)) || handle.Equals(LocalFid.HandleOf(fd));

    /// <summary>
    /// Makes what was removed so far durable by <paramref name="sync"/>, and only then forgets where it was: a removal that a
    /// power cut takes back, no record would bring back to the index.
    /// </summary>
    internal ulong Sync(Func<ulong> sync)
    {
        var gone = _gone.ToArray();
        var offset = sync();
        foreach (var (fid, handle) in gone)
        {
            _gone.TryRemove(KeyValuePair.Create(fid, handle));
            if (index.TryGet(fid, out var known) && known.Equals(handle))
            {
                index.Remove(fid);
            }
        }

        return offset;
    }

    internal void Forget(Fid fid)
    {
        if (fid.Replica != root.Self || !inodesAreOurs)
        {
            index.Remove(fid);
        }
    }

    private Fd OpenRoot(out Interop.Sys.StatXData stat)
    {
        var fd = new Fd(SysException.Check(Interop.Sys.OpenAt(root.Fd, ".\0"u8, s_asPath | OpenFlags.Directory), "open", root.Path));
        SysException.Check(Interop.Sys.StatX(fd, out stat), "statx", root.Path);
        return fd;
    }

    /// <summary>Null: it is gone.</summary>
    internal Fd? OpenLive(in ObjectHandle handle, out Interop.Sys.StatXData stat)
    {
        stat = default;
        var result = Interop.Sys.OpenByHandleAt(root.Fd, handle, s_asPath);
        if (result is -Errno.ESTALE or -Errno.ENOENT)
        {
            return null;
        }

        var fd = new Fd(SysException.Check(result, "open_by_handle_at", root.Path));
        SysException.Check(Interop.Sys.StatX(fd, out stat), "statx", "an object");
        if (stat.Links > 0)
        {
            return fd;
        }

        // Removed, but a program still has it open.
        fd.Dispose();
        return null;
    }

    private bool Belongs(Fd fd, Fid fid, bool indexed, in Interop.Sys.StatXData stat)
    {
        if (!indexed)
        {
            // An inode that carries another identity doesn't answer to its number.
            return !FidXattr.TryRead(fd, out _);
        }

        return inodesAreOurs || (stat.Mode & FileType.Mask) != FileType.Directory || IsBelowRoot(fd);
    }

    /// <summary>A directory that somebody moved out of a plain fileset is gone from it. (The kernel knows a directory's path always.)</summary>
    private bool IsBelowRoot(Fd fd)
    {
        Span<byte> target = stackalloc byte[4096];
        Span<byte> top = stackalloc byte[4096];
        var length = NamePlace.PathOf(fd, target);
        var topLength = NamePlace.PathOf(root.Fd, top);
        return length == -Errno.ENAMETOOLONG || topLength == 1 ||
            (length > topLength && target[..topLength].SequenceEqual(top[..topLength]) && target[topLength] == (byte)'/');
    }
}
