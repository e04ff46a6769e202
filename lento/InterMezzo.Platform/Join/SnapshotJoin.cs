// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform;

/// <summary>
/// A snapshot grows in staging/join, object by object, where nobody sees it; then its top-level names enter the tree.
/// What is placed is noted in the index with the server's attributes (its ctime among them): after an interruption an
/// object in the same version is kept, and a content goes on where it stopped.
/// </summary>
internal sealed partial class SnapshotJoin : IJoin
{
    /// <summary>Contents written at the same time.</summary>
    private const int MaxOpen = 16;

    /// <summary>Placed objects between two commits: so much is looked at again after an interruption.</summary>
    private const int CommitEvery = 4096;

    private static readonly byte[] s_joinName = "join\0"u8.ToArray();

    private readonly ObjectTable _objects;
    private readonly Applier _applier;
    private readonly IOperationContext _context;
    private readonly DirectoryCache _directories;
    private readonly Dictionary<Fid, JoinFile> _open = [];
    private Fd? _top;
    private Fid _root;
    private ObjectState? _rootState;
    private bool _isResumed;
    private int _sinceCommit;

    internal SnapshotJoin(ObjectTable objects, Applier applier, IOperationContext context)
    {
        _objects = objects;
        _applier = applier;
        _context = context;
        _directories = new DirectoryCache(FindDirectory);
    }

    private SqliteIndex Index => _objects.Index;

    public void Begin(Fid root, ObjectState state)
    {
        Reset();
        _isResumed = Index.JoinRoot == root;
        if (!_isResumed)
        {
            Index.BeginJoin(root);
            TreeRemoval.Remove(_objects.Root.Staging, s_joinName);
        }
        else
        {
            Index.ForgetJoinedNames();
        }

        _top = ReplicaRoot.MakeDirectory(_objects.Root.Staging, "join", 0x1c0);
        (_root, _rootState) = (root, state);
    }

    public JoinStep Place(Fid parent, ReadOnlySpan<byte> name, Fid fid, ObjectState state)
    {
        var directory = parent == _root ? _top : _directories.Open(parent, out _);
        if (directory is null)
        {
            throw new InvalidOperationException($"{fid} comes before its directory {parent}");
        }

        if (!Names.IsValid(name) || (parent == _root && name.SequenceEqual(ReplicaRoot.ControlName)))
        {
            throw new InvalidOperationException($"{fid} comes under a name that can't be: {Names.Show(name)}");
        }

        if (_isResumed)
        {
            Index.PutJoinedName(parent, name);
        }

        CommitNowAndThen();
        var path = new CName(name);
        using var there = LookForJoined(directory, name, fid);
        return there is not null ? Keep(fid, there, state) : Make(directory, path.Bytes, fid, state);
    }

    public void Write(Fid fid, ulong offset, ReadOnlySpan<byte> data) => Open(fid).Write(offset, data);

    public void Finish(Fid fid, ulong size, KmlAttr? attr)
    {
        if (!Index.TryGetJoined(fid, out var joined))
        {
            throw new InvalidOperationException($"{fid} was not placed");
        }

        var last = attr ?? joined.Attr;
        var file = Open(fid);
        file.Finish(size, last);
        Close(fid);
        Index.PutJoined(fid, joined with { IsComplete = true, Attr = last });
    }

    public void Drop(Fid fid)
    {
        Close(fid);
        Index.RemoveJoined(fid);
    }

    /// <summary>What stands at the name, if it is the object; anything else there is out of date and goes.</summary>
    private Fd? LookForJoined(Fd directory, ReadOnlySpan<byte> name, Fid fid)
    {
        if (!_isResumed)
        {
            return null;
        }

        var there = _objects.Look(directory, name, out var found);
        if (there is null || found == fid)
        {
            return there;
        }

        there.Dispose();
        var path = new CName(name);
        TreeRemoval.Remove(directory, path.Bytes);
        return null;
    }

    /// <summary>The object was placed before the interruption.</summary>
    private JoinStep Keep(Fid fid, Fd there, ObjectState state)
    {
        var isKnown = Index.TryGetJoined(fid, out var joined);
        var isSame = isKnown && AreSame(joined.Attr, state.Attr);
        var isFile = (state.Attr.Mode & FileType.Mask) == FileType.Regular;
        if (isSame && joined.IsComplete)
        {
            return default;
        }

        ObjectMaker.DressAgain(there, state);
        Index.PutJoined(fid, new JoinedObject(LocalFid.HandleOf(there), !isFile, state.Attr));
        if (!isFile)
        {
            return default;
        }

        SysException.Check(Interop.Sys.StatX(there, out var stat), "statx", fid.ToString());
        if (!isSame)
        {
            using var file = Reopen.TryForWriting(there) ?? throw new IOException($"{fid}: the joined file is in use");
            SysException.Check(Interop.Sys.FTruncate(file, 0), "ftruncate", fid.ToString());
            return new JoinStep(true, 0);
        }

        return new JoinStep(true, stat.Size);
    }

    private JoinStep Make(Fd directory, ReadOnlySpan<byte> name, Fid fid, ObjectState state)
    {
        if (Index.TryGetJoined(fid, out var joined) && FindJoined(joined, out _) is { } other)
        {
            using (other)
            {
                return LinkOther(directory, name, fid, other, joined, state);
            }
        }

        using var made = _applier.Maker.Make(fid, state, null);
        SysException.Check(Interop.Sys.RenameAt2(made.Directory, made.Name, directory, name, Interop.Sys.RenameNoReplace), "renameat2", name);
        var isComplete = made.Type != FileType.Regular || state.Attr.Size == 0;
        Index.PutJoined(fid, new JoinedObject(LocalFid.HandleOf(made.Fd), isComplete, state.Attr));
        return new JoinStep(!isComplete, 0);
    }

    /// <summary>Another name of an object, or (resumed) the new name of one that was renamed at the server.</summary>
    private JoinStep LinkOther(Fd directory, ReadOnlySpan<byte> name, Fid fid, Fd other, in JoinedObject joined, ObjectState state)
    {
        SysException.Check(Interop.Sys.StatX(other, out var stat), "statx", fid.ToString());
        if (stat.Type == FileType.Directory)
        {
            // A directory that moved at the server since: what is in it will be met again.
            _directories.Forget(fid);
            Index.RemoveJoined(fid);
            return Make(directory, name, fid, state);
        }

        SysException.Check(Interop.Sys.LinkAt(other, directory, name), "linkat", name);
        return _isResumed ? Keep(fid, other, state) : default;
    }

    private Fd? FindDirectory(Fid fid, out Interop.Sys.StatXData stat)
    {
        stat = default;
        return Index.TryGetJoined(fid, out var joined) ? FindJoined(joined, out stat) : null;
    }

    private Fd? FindJoined(in JoinedObject joined, out Interop.Sys.StatXData stat) => _objects.OpenLive(joined.Handle, out stat);

    private JoinFile Open(Fid fid)
    {
        if (_open.TryGetValue(fid, out var file))
        {
            return file;
        }

        if (!Index.TryGetJoined(fid, out var joined) || FindJoined(joined, out var stat) is not { } fd)
        {
            throw new InvalidOperationException($"{fid} was not placed");
        }

        using (fd)
        {
            if (_open.Count >= MaxOpen)
            {
                Close(_open.Keys.First());
            }

            return _open[fid] = new JoinFile(fd, stat);
        }
    }

    private void Close(Fid fid)
    {
        if (_open.Remove(fid, out var file))
        {
            file.Dispose();
        }
    }

    private void CommitNowAndThen()
    {
        if (++_sinceCommit >= CommitEvery)
        {
            _sinceCommit = 0;
            Index.CommitKeepingPlace();
        }
    }

    private void Reset()
    {
        foreach (var file in _open.Values)
        {
            file.Dispose();
        }

        _open.Clear();
        _directories.Clear();
        _top?.Dispose();
        _top = null;
    }

    /// <summary>Nothing changes an inode without changing one of these.</summary>
    private static bool AreSame(in KmlAttr placed, in KmlAttr now) =>
        placed.Size == now.Size && placed.ModifyTime == now.ModifyTime && placed.ChangeTime == now.ChangeTime && placed.Mode == now.Mode;
}
