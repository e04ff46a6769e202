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

    public ITreeObject? OpenAt(Fid parent, ReadOnlySpan<byte> name)
    {
        using var directory = objects.Find(parent, out var above);
        if (directory is null || above.Type != FileType.Directory || !Names.IsValid(name) || objects.Root.IsControl(parent, name))
        {
            return null;
        }

        var fd = objects.Look(directory, name, out var fid);
        if (fd is null)
        {
            return null;
        }

        SysException.Check(Interop.Sys.StatX(fd, out var stat), "statx", fid.ToString());
        if (!objects.Root.IsForeign(parent, name, stat))
        {
            return new TreeObject(fd, fid, stat, device);
        }

        fd.Dispose();
        return null;
    }

    public (Fid Parent, byte[] Name)? PlaceOf(Fid fid)
    {
        using var known = objects.Find(fid, out _);
        using var place = known is null ? null : NamePlace.OfDescriptor(objects, fid, known);
        return place is null or { IsAway: true } ? null : (objects.Identify(place.Directory), place.Name[..^1]);
    }

    public bool IsAway(Fid directory)
    {
        using var known = objects.Find(directory, out _);
        using var place = known is null ? null : NamePlace.OfDescriptor(objects, directory, known);
        return place is { IsAway: true };
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
