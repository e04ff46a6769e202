// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform;

/// <summary>The end of a join: the staged tree becomes the live one.</summary>
internal sealed partial class SnapshotJoin
{
    public int Complete(Origin origin, ulong server, DateTimeOffset now, Predicate<Fid>? isUnsent, IEnumerable<(Fid Parent, byte[] Name)> moved)
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
        if (FileFlags.Of(_rootState) is { } rootFlags)
        {
            Index.PutJoinedFlags(_root, rootFlags);
        }

        var merge = new TreeMerge(_objects, _applier, _context, origin.AsPart, server, now, isUnsent);
        merge.Merge(_top, _objects.Root.Fd, _root, FileFlags.Without(_rootState));
        Index.EndJoin();
        foreach (var (parent, name) in moved)
        {
            merge.TellAgain(parent, name);
        }

        Index.ForEachJoinedFlags((fid, flags) => _applier.Protect(origin.AsPart, fid, flags));
        _applier.Flush();
        Reset();
        TreeRemoval.Remove(_objects.Root.Staging, s_joinName);
        return merge.Kept;
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
