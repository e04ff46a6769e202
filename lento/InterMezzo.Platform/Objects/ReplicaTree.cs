// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform;

/// <summary>The live tree, read by identity.</summary>
internal sealed class ReplicaTree(ObjectTable objects, PrestoDevice? device) : IReplicaTree
{
    public Fid Root => objects.Root.Fid;

    public ITreeObject? Open(Fid fid)
    {
        var fd = objects.Find(fid, out var stat);
        return fd is null ? null : new TreeObject(fd, fid, stat, device);
    }

    public IEnumerable<WalkEntry> Walk(Fid? subtree = null)
    {
        if (Open(subtree ?? Root) is not TreeObject top)
        {
            yield break;
        }

        foreach (var entry in new TreeWalk(objects, device).From(top))
        {
            yield return entry;
        }
    }
}
