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

    // Contents on their way: as many as the caller asks for at a time.
    private readonly HashSet<Fid> _requested = [];
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
        if (FileFlags.Of(state) is { } flags)
        {
            Index.PutJoinedFlags(fid, flags);
        }

        using var there = LookFor(directory, name, fid);
        var step = there is not null ? Keep(fid, there, state) : Make(directory, name, fid, state);

        // Met once more, its content is on its way already.
        return step.NeedsContent && !_requested.Add(fid) ? default : step;
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
        _requested.Remove(fid);
        Index.PutJoined(fid, joined with { IsComplete = true, Attr = last });
    }

    public void Drop(Fid fid)
    {
        // Its name stays until the log tells that it is gone; what a program writes to it by then must find its object.
        Close(fid);
        _requested.Remove(fid);
    }

    /// <summary>What stands at the name, if it is the object; anything else there is out of date and goes.</summary>
    private Fd? LookFor(Fd directory, ReadOnlySpan<byte> name, Fid fid)
    {
        var isKnown = Index.TryGetJoined(fid, out var joined);
        if (!isKnown && !_isResumed)
        {
            return null;
        }

        var there = _objects.Look(directory, name, out var found);
        if (there is null || (found == fid && !(isKnown && IsElsewhere(fid, joined, there))))
        {
            return there;
        }

        there.Dispose();
        RemoveStale(directory, name);
        return null;
    }

    /// <summary>The object was placed under another name, and this one is what an interrupted join had placed, and forgot.</summary>
    private bool IsElsewhere(Fid fid, in JoinedObject joined, Fd there)
    {
        if (joined.Handle.Equals(LocalFid.HandleOf(there)))
        {
            return false;
        }

        using var other = FindJoined(joined, out _);
        if (other is null)
        {
            Index.RemoveJoined(fid);
        }

        return other is not null;
    }

    private static void RemoveStale(Fd directory, ReadOnlySpan<byte> name)
    {
        var path = new CName(name);
        TreeRemoval.Remove(directory, path.Bytes);
    }

    /// <summary>The object was placed before: before an interruption, or because the walk met it twice.</summary>
    private JoinStep Keep(Fid fid, Fd there, ObjectState state)
    {
        var isKnown = Index.TryGetJoined(fid, out var joined);
        var isSame = isKnown && AreSame(joined.Attr, state.Attr);
        var isFile = (state.Attr.Mode & FileType.Mask) == FileType.Regular;
        if (isSame && (joined.IsComplete || _requested.Contains(fid)))
        {
            if (_isResumed)
            {
                // An owner or an xattr that was set within one tick of the server's clock changes no time.
                ObjectMaker.DressAgain(there, state);
                if (joined.Attr != state.Attr)
                {
                    Index.PutJoined(fid, joined with { Attr = state.Attr });
                }
            }

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
        if (Index.TryGetJoined(fid, out var joined) && FindJoined(joined, out var stat) is { } other)
        {
            using (other)
            {
                GiveName(directory, name, fid, other, moves: stat.Type == FileType.Directory || state.Attr.Links == 1);
                return Keep(fid, other, state);
            }
        }

        using var made = _applier.Maker.Make(fid, state, null);
        var path = new CName(name);
        var result = Interop.Sys.RenameAt2(made.Directory, made.Name, directory, path.Bytes, Interop.Sys.RenameNoReplace);
        if (result == -Errno.EEXIST)
        {
            // The directory was met before it was moved at the server, with something else under the name.
            RemoveStale(directory, name);
            result = Interop.Sys.RenameAt2(made.Directory, made.Name, directory, path.Bytes, Interop.Sys.RenameNoReplace);
        }

        SysException.Check(result, "renameat2", name);
        var isComplete = made.Type != FileType.Regular || state.Attr.Size == 0;
        Index.PutJoined(fid, new JoinedObject(LocalFid.HandleOf(made.Fd), isComplete, state.Attr));
        return new JoinStep(!isComplete, 0);
    }

    /// <summary>An object that was met before gets another name, or, if it can have but one, this one.</summary>
    private void GiveName(Fd directory, ReadOnlySpan<byte> name, Fid fid, Fd other, bool moves)
    {
        var path = new CName(name);
        using var place = moves ? NamePlace.OfDescriptor(_objects, fid, other) : null;
        var result = place is not null
            ? Interop.Sys.RenameAt2(place.Directory, place.Name, directory, path.Bytes, Interop.Sys.RenameNoReplace)
            : Interop.Sys.LinkAt(other, directory, path.Bytes);
        SysException.Check(result, place is not null ? "renameat2" : "linkat", name);
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
        _requested.Clear();
        _directories.Clear();
        _top?.Dispose();
        _top = null;
    }

    /// <summary>Nothing changes an inode without changing one of these.</summary>
    private static bool AreSame(in KmlAttr placed, in KmlAttr now) =>
        placed.Size == now.Size && placed.ModifyTime == now.ModifyTime && placed.ChangeTime == now.ChangeTime && placed.Mode == now.Mode;
}
