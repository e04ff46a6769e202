// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform;

/// <summary>Versions that lost: kept whole, out of the tree.</summary>
internal sealed partial class Applier
{
    public ApplyOutcome EvictToConflictStore(Origin origin, Fid parent, ReadOnlySpan<byte> name, Fid expected, Conflict conflict)
    {
        var place = new Place(parent, name);
        var directory = OpenParent(place, out var failure);
        using var occupant = LookIn(directory, place, out var there);
        var isThere = occupant is not null && there == expected;
        if (!isThere && !IsAside(expected))
        {
            return directory is null ? failure : occupant is null ? ApplyOutcome.AlreadySo : Taken(there, place);
        }

        using var kept = _conflicts.Note(conflict, directory is null ? name.ToArray() : PathOf(directory, name));
        return isThere
            ? MoveOut(origin, directory!, new CName(name).Bytes, name, expected, kept)
            : MoveOut(origin, _root.Aside, AsideName(expected), name, expected, kept);
    }

    public ApplyOutcome CopyToConflictStore(Fid fid, Conflict conflict)
    {
        using var known = _objects.Find(fid, out var stat);
        if (known is null)
        {
            return Missing(fid);
        }

        var parent = conflict.Name.Length > 0 ? _directories.Open(conflict.Parent, out _) : null;
        using var kept = _conflicts.Note(conflict, parent is null ? conflict.Name : PathOf(parent, conflict.Name));
        using var copy = _maker.MakeCopy(known, stat.Type);
        KeepAs(copy, kept, conflict);
        return ApplyOutcome.Applied;
    }

    public void PreserveIncoming(RecordView record, ObjectState? state, Content? content, Conflict conflict, bool asObject)
    {
        var parent = conflict.Name.Length > 0 ? _directories.Open(conflict.Parent, out _) : null;
        using var kept = _conflicts.Note(conflict, parent is null ? conflict.Name : PathOf(parent, conflict.Name));
        _conflicts.KeepRecord(conflict, record);
        if (state is null && content is null && !asObject)
        {
            return;
        }

        var whole = state ?? (record.TryGetMade(out _) ? RecordState.OfMade(record) : RecordState.OfAttr(record));
        if (!MayExist(whole.Attr.Mode & FileType.Mask) || IsTargetless(whole))
        {
            return;
        }

        if (asObject && _objects.Find(conflict.Object, out var stat) is { } already)
        {
            using (already)
            {
                // It isn't made a second time. What is kept of it may be from an earlier update, that brought no content.
                if (content is null || stat.Type != FileType.Regular || ContentCompare.IsSame(already, stat, Attributes.FromStat(stat), content))
                {
                    return;
                }
            }

            asObject = false;
        }

        using var made = _maker.Make(asObject ? conflict.Object : default, whole, content);
        KeepAs(made, kept, conflict);
        if (asObject)
        {
            _objects.Learn(conflict.Object, made.Fd);
            _away?.Add(conflict.Object);
        }
    }

    public bool DropKept(string id, ulong stamp)
    {
        if (_conflicts.List().FirstOrDefault(kept => kept.Id == id) is not { } conflict || _conflicts.Stamp(conflict) != stamp)
        {
            return false;
        }

        _context.Sync();
        _conflicts.Drop(conflict);
        _away = null;
        _directories.Clear();
        return true;
    }

    public void NoteResolved(ResolvedConflicts resolved) => _conflicts.NoteResolved(resolved);

    public void Defer(DeferredContent deferred, RecordView record, ObjectState? state, Content? content, Conflict conflict)
    {
        if (!_conflicts.IsDeferred(deferred.Update))
        {
            // What a crash left of an earlier try.
            _conflicts.Drop(deferred.Update, _maker.NewName());
            PreserveIncoming(record, StateWith(deferred.Object, state ?? RecordState.OfAttr(record)), content, conflict, asObject: false);
        }

        _conflicts.NoteDeferred(deferred);
    }

    /// <summary>What a file would be like with new content and a state that may tell of it in part.</summary>
    private ObjectState StateWith(Fid fid, ObjectState state)
    {
        using var known = _objects.Find(fid, out var stat);
        return known is null
            ? state
            : new ObjectState { Attr = Merge(Attributes.FromStat(stat), state.Attr), Xattrs = state.Xattrs ?? ObjectReader.ReadXattrs(known) };
    }

    public void DropDeferred(Dot update) => _conflicts.Drop(update, _maker.NewName());

    public void KeepDeferred(Dot update, Conflict conflict)
    {
        var parent = conflict.Name.Length > 0 ? _directories.Open(conflict.Parent, out _) : null;
        _conflicts.Keep(update, conflict, parent is null ? conflict.Name : PathOf(parent, conflict.Name));
    }

    /// <summary>Removes a name with all below it. False: something else stands there, or it has changed.</summary>
    internal bool Discard(Origin origin, Fd directory, ReadOnlySpan<byte> name, Fid expected)
    {
        var from = new CName(name);
        var to = _maker.NewName();
        _context.Set(origin);
        var result = Interop.Sys.RenameAt2(directory, from.Bytes, _root.Objects, to, Interop.Sys.RenameNoReplace);
        if (result is -Errno.EAGAIN or -Errno.ENOENT)
        {
            return result == -Errno.ENOENT;
        }

        SysException.Check(result, "renameat2", name);
        TreeRemoval.Remove(_root.Objects, to);
        _directories.Forget(expected);
        return true;
    }

    /// <summary>A directory that is here gets the state of the server's.</summary>
    internal void BringDirectory(Origin origin, Fid fid, ObjectState state)
    {
        _directories.Clear();
        using var directory = _objects.Find(fid, out var stat) ?? throw new IOException($"{fid}: a program has removed the directory that the snapshot's entries enter");
        var lasting = state.Attr with { Valid = AttrValid.Mode | AttrValid.Uid | AttrValid.Gid | AttrValid.ModifyTime };
        SetState(origin, fid, directory, stat, lasting, state.Xattrs);
    }

    private static bool IsTargetless(ObjectState state) => (state.Attr.Mode & FileType.Mask) == FileType.Symlink && state.Target is null;

    /// <summary>At its origin the object went into the conflict store, so it does here: there it can be found again.</summary>
    private ApplyOutcome ApplyLeave(Origin origin, RecordView record, Fid fid)
    {
        record.TryGetParent(out var parent);
        using (var known = _objects.Find(fid, out var stat))
        {
            if (known is not null && stat.Type == FileType.Regular && _context.WritersOf(known) == Writers.Writing)
            {
                return new ApplyOutcome(ApplyStatus.Busy, fid);
            }
        }

        var conflict = new Conflict(
            origin.Dot, origin.Dot, Conflict.MovedAway, ToDate(record.Time), fid, parent.Fid, record.Name.ToArray());
        return EvictToConflictStore(origin, parent.Fid, record.Name, fid, conflict);
    }

    private static DateTimeOffset ToDate(KmlTime time) =>
        time.Seconds is > -62135596800 and < 253402300800 ? DateTimeOffset.FromUnixTimeSeconds(time.Seconds) : DateTimeOffset.UnixEpoch;

    /// <param name="origin">Whose update it is.</param>
    /// <param name="directory">Where the object is.</param>
    /// <param name="at">By which name; NUL-terminated.</param>
    /// <param name="name">It is kept by this one, or a similar one.</param>
    /// <param name="fid">The object.</param>
    /// <param name="kept">Where it is kept.</param>
    private ApplyOutcome MoveOut(Origin origin, Fd directory, ReadOnlySpan<byte> at, ReadOnlySpan<byte> name, Fid fid, Fd kept)
    {
        _context.Set(origin);
        int result;
        var number = 0;
        do
        {
            var target = new CName(KeptName.Of(name, number++));
            result = Interop.Sys.RenameAt2(directory, at, kept, target.Bytes, Interop.Sys.RenameNoReplace);
        }
        while (result == -Errno.EEXIST);
        if (result == 0)
        {
            _away?.Add(fid);
            return ApplyOutcome.Applied;
        }

        return result == -Errno.ENOENT ? ApplyOutcome.AlreadySo : Fail(result, "renameat2", fid);
    }

    private void KeepAs(in Made made, Fd kept, Conflict conflict) =>
        KeepAs(made, kept, Names.IsValid(conflict.Name) ? conflict.Name : System.Text.Encoding.ASCII.GetBytes(conflict.Object.ToString()));

    private void KeepAs(in Made made, Fd kept, ReadOnlySpan<byte> name)
    {
        int result;
        var number = 0;
        do
        {
            var target = new CName(KeptName.Of(name, number++));
            result = Interop.Sys.RenameAt2(made.Directory, made.Name, kept, target.Bytes, Interop.Sys.RenameNoReplace);
        }
        while (result == -Errno.EEXIST);
        if (result < 0)
        {
            made.Remove();
        }

        SysException.Check(result, "renameat2", name);
    }

    /// <summary>Path of a name, below the root.</summary>
    private byte[] PathOf(Fd directory, ReadOnlySpan<byte> name)
    {
        Span<byte> path = stackalloc byte[4096];
        Span<byte> top = stackalloc byte[4096];
        var length = NamePlace.PathOf(directory, path);
        var topLength = NamePlace.PathOf(_root.Fd, top);
        return length > topLength && topLength > 0 ? [.. path[(topLength == 1 ? 1 : topLength + 1)..length], (byte)'/', .. name] : name.ToArray();
    }
}
