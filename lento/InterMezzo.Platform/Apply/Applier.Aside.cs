// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using System.Text;
using InterMezzo.Journal;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform;

/// <summary>Objects that are here, but not in the tree: set aside, or in the conflict store.</summary>
internal sealed partial class Applier
{
    // What is away, or was: it is looked up anew. Read when first needed, then kept up to date: with many conflicts that takes long.
    private HashSet<Fid>? _away;

    public IReadOnlyList<Fid> Aside
    {
        get
        {
            var all = new List<Fid>();
            foreach (var name in ConflictStore.NamesIn(_root.Aside))
            {
                using var fd = _objects.Look(_root.Aside, name, out var fid);
                if (fd is not null)
                {
                    all.Add(fid);
                }
            }

            return all;
        }
    }

    public ApplyOutcome SetAside(Origin origin, Fid parent, ReadOnlySpan<byte> name, Fid expected)
    {
        var place = new Place(parent, name);
        var directory = OpenParent(place, out var failure);
        if (directory is null)
        {
            return failure;
        }

        using var occupant = _objects.Look(directory, name, out var there);
        if (occupant is null)
        {
            return ApplyOutcome.AlreadySo;
        }

        if (there != expected)
        {
            return Taken(there, place);
        }

        var from = new CName(name);
        _context.Set(origin);
        var result = Interop.Sys.RenameAt2(directory, from.Bytes, _root.Aside, AsideName(expected), Interop.Sys.RenameNoReplace);
        if (result == -Errno.EEXIST)
        {
            // It is aside by another name already.
            return Remove(origin, place, expected, isDirectory: false, isLast: false);
        }

        return MovedAside(result, expected);
    }

    public ApplyOutcome SetAside(Origin origin, Fid fid)
    {
        using var known = _objects.Find(fid, out _);
        using var place = known is null ? null : NamePlace.OfDescriptor(_objects, fid, known);
        if (place is null)
        {
            return Missing(fid);
        }

        _context.Set(origin);
        var result = Interop.Sys.RenameAt2(place.Directory, place.Name, _root.Aside, AsideName(fid), Interop.Sys.RenameNoReplace);
        return MovedAside(result, fid);
    }

    public void DropAside(Fid fid)
    {
        _root.Discard(_root.Aside, AsideName(fid));
        _objects.Forget(fid);
        _directories.Forget(fid);
    }

    public bool IsKeptOpen(Fid fid) => (_away ??= ListAway()).Contains(fid) && _conflicts.HoldsOpen(fid);

    private ApplyOutcome MovedAside(int result, Fid fid)
    {
        if (result != 0)
        {
            return Fail(result, "renameat2", fid);
        }

        _away?.Add(fid);
        return ApplyOutcome.Applied;
    }

    private bool IsAside(Fid fid)
    {
        if (!(_away ??= ListAway()).Contains(fid))
        {
            return false;
        }

        using var aside = _objects.Look(_root.Aside, AsideName(fid).AsSpan()[..^1], out _);
        return aside is not null;
    }

    private bool IsWrittenAside(Fid fid)
    {
        if (!IsAside(fid))
        {
            return false;
        }

        using var aside = _objects.Look(_root.Aside, AsideName(fid).AsSpan()[..^1], out _);
        return aside is not null && _context.WritersOf(aside) == Writers.Writing;
    }

    /// <summary>This is all that is here of it.</summary>
    private bool IsAsideAlone(Fid fid)
    {
        if (!IsAside(fid))
        {
            return false;
        }

        using var aside = _objects.Look(_root.Aside, AsideName(fid).AsSpan()[..^1], out _);
        return aside is not null && Interop.Sys.StatX(aside, out var stat) == 0 && stat.Links == 1;
    }

    /// <summary>What waited for a place has lost its name at the origin. (A directory that isn't empty stays aside.)</summary>
    private bool DropIfAside(Fid fid)
    {
        if (!(_away ??= ListAway()).Contains(fid))
        {
            return false;
        }

        var result = Interop.Sys.UnlinkAt(_root.Aside, AsideName(fid), 0);
        if (result is -Errno.EISDIR or -Errno.EPERM)
        {
            result = Interop.Sys.UnlinkAt(_root.Aside, AsideName(fid), At.RemoveDirectory);
        }

        if (result == 0)
        {
            ForgetIfGone(fid);
        }

        return result == 0;
    }

    private static byte[] AsideName(Fid fid) =>
        Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{fid.Replica:x}-{fid.Ino:x}-{fid.Gen:x}\0"));

    /// <summary>Null: it isn't away.</summary>
    private NamePlace? FindAway(Fid fid)
    {
        if (IsAside(fid))
        {
            return new NamePlace(_root.Aside, AsideName(fid), OwnsDirectory: false);
        }

        return _away!.Contains(fid) ? FindKept(fid) : null;
    }

    private NamePlace? FindKept(Fid fid)
    {
        foreach (var kept in _conflicts.OpenKept())
        {
            foreach (var name in ConflictStore.NamesIn(kept))
            {
                using var fd = _objects.Look(kept, name, out var there);
                if (fd is not null && there == fid && _objects.StandsFor(fid, fd))
                {
                    return new NamePlace(kept, [.. name, 0], OwnsDirectory: true);
                }
            }

            kept.Dispose();
        }

        return null;
    }

    /// <summary>Of an object that is in a directory which is kept: beside that one (in which perhaps nobody may make anything).</summary>
    private NamePlace? FindInKept(Fid fid, Fd known)
    {
        using var place = NamePlace.OfDescriptor(_objects, fid, known);
        foreach (var kept in place is { IsAway: true } ? _conflicts.OpenKept() : [])
        {
            if (NamePlace.IsBelow(kept, place!.Directory))
            {
                return new NamePlace(kept, place.Name, OwnsDirectory: true);
            }

            kept.Dispose();
        }

        return null;
    }

    private HashSet<Fid> ListAway()
    {
        var all = new HashSet<Fid>(Aside);
        foreach (var kept in _conflicts.OpenKept())
        {
            using (kept)
            {
                foreach (var name in ConflictStore.NamesIn(kept))
                {
                    using var fd = _objects.Look(kept, name, out var fid);
                    if (fd is not null)
                    {
                        all.Add(fid);
                    }
                }
            }
        }

        return all;
    }
}
