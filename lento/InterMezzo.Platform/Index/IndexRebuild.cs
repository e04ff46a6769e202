// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;

namespace InterMezzo.Platform;

/// <summary>Finds replicated objects by what their inodes carry: in the tree, set aside, and in the conflict store.</summary>
internal sealed class IndexRebuild(ObjectTable objects)
{
    internal void Run()
    {
        objects.Index.Clear();
        foreach (var entry in new TreeWalk(objects, null).From(Top()))
        {
            Note(entry.Object);
        }

        Scan(objects.Root.Aside);
        foreach (var kept in new ConflictStore(objects).OpenKept())
        {
            using (kept)
            {
                Scan(kept);
            }
        }
    }

    private TreeObject Top()
    {
        var fd = objects.Find(objects.Root.Fid, out var stat);
        return new TreeObject(fd!, objects.Root.Fid, stat, null);
    }

    private void Scan(Fd directory)
    {
        foreach (var name in ConflictStore.NamesIn(directory))
        {
            if (objects.Look(directory, name, out var fid) is { } fd)
            {
                SysException.Check(Interop.Sys.StatX(fd, out var stat), "statx", "an object");
                foreach (var entry in new TreeWalk(objects, null).From(new TreeObject(fd, fid, stat, null)))
                {
                    Note(entry.Object);
                }
            }
        }
    }

    private void Note(Replication.Ports.ITreeObject entry)
    {
        var found = (TreeObject)entry;
        // What is in the tree stands for its identity, even if an older inode that had it is kept.
        if (found.Fid != objects.Root.Fid && FidXattr.TryRead(found.Fd, out var fid) && !objects.Index.TryGet(fid, out _))
        {
            objects.Learn(fid, found.Fd);
        }
    }
}
