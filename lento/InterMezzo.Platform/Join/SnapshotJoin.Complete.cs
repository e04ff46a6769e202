// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform;

/// <summary>The end of a join: the staged tree becomes the live one.</summary>
internal sealed partial class SnapshotJoin
{
    public int Complete(Origin origin, ulong server, DateTimeOffset now)
    {
        if (_top is null || _rootState is null)
        {
            throw new InvalidOperationException("no join is under way");
        }

        if (_isResumed)
        {
            Prune(_top, _root);
        }

        // From here on the staged tree isn't whole: interrupted now, the join starts over.
        Index.MarkJoinEnding();
        if (origin.Dot.Counter == 0)
        {
            // A snapshot is no single update; the log needs a count.
            origin = origin with { Dot = origin.Dot with { Counter = 1 } };
        }

        SetDirectoryTimes();
        _objects.Root.Adopt(_root);
        var kept = 0;
        foreach (var name in ConflictStore.NamesIn(_top))
        {
            kept += EnterTop(origin.AsPart, name, server, now) ? 1 : 0;
        }

        Index.EndJoin();
        Index.ForEachJoinedFlags((fid, flags) => _applier.Protect(origin.AsPart, fid, flags));
        _applier.BringRoot(origin, _rootState);
        _applier.Flush();
        Reset();
        TreeRemoval.Remove(_objects.Root.Staging, s_joinName);
        return kept;
    }

    /// <summary>True: what was here went to the conflict store.</summary>
    private bool EnterTop(Origin origin, byte[] name, ulong server, DateTimeOffset now)
    {
        var path = new CName(name);
        using var staged = _objects.Look(_top!, name, out _)!;
        using var present = _objects.Look(_objects.Root.Fd, name, out var presentFid);
        var evicts = present is not null && !TreeCompare.AreEqual(_objects, present, staged);
        if (evicts)
        {
            var conflict = new Conflict(new Dot(_objects.Root.Self, 0), new Dot(server, origin.Dot.Counter), "was here before the join", now, presentFid, _root, name);
            Demand(_applier.EvictToConflictStore(origin, _root, name, presentFid, conflict), name);
        }
        else if (present is not null)
        {
            _applier.MoveToStaging(origin, name, presentFid);
        }

        _context.Set(origin);
        SysException.Check(
            Interop.Sys.RenameAt2(_top!, path.Bytes, _objects.Root.Fd, path.Bytes, Interop.Sys.RenameNoReplace), "renameat2", name);
        return evicts;
    }

    private static void Demand(ApplyOutcome outcome, byte[] name)
    {
        if (!outcome.IsDone)
        {
            throw new IOException($"{Names.Show(name)} is in the way of the join: {outcome.Status}");
        }
    }

    private void SetDirectoryTimes() => Index.ForEachJoined((fid, joined) =>
    {
        if ((joined.Attr.Mode & FileType.Mask) == FileType.Directory && FindJoined(joined, out _) is { } directory)
        {
            using (directory)
            {
                SysException.Check(OpenObject.SetTimes(directory, joined.Attr), "utimensat", fid.ToString());
            }
        }
    });

    /// <summary>Removes what an earlier try placed and the snapshot no longer names.</summary>
    private void Prune(Fd directory, Fid fid)
    {
        foreach (var name in ConflictStore.NamesIn(directory))
        {
            var path = new CName(name);
            if (!Index.HasJoinedName(fid, name))
            {
                TreeRemoval.Remove(directory, path.Bytes);
                continue;
            }

            using var entry = _objects.Look(directory, name, out var entryFid);
            if (entry is not null && Interop.Sys.StatX(entry, out var stat) == 0 && stat.Type == FileType.Directory)
            {
                Prune(entry, entryFid);
            }
        }
    }
}
