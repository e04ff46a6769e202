// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform;

/// <summary>
/// The live tree becomes that of a snapshot, name by name, while programs work in it: directories that both have stay
/// and take the server's identity; what was made here and the server doesn't know stays and is told of in the log;
/// what the server has removed goes. Of two different objects under one name the server's stays, and the one that was
/// here goes to the conflict store, unless it is but an older version.
/// </summary>
/// <param name="objects">Of the replica.</param>
/// <param name="applier">Of the replica.</param>
/// <param name="context">Of the replica.</param>
/// <param name="origin">Each step is a part of it.</param>
/// <param name="server">Whose snapshot it is.</param>
/// <param name="now">For the conflict store.</param>
/// <param name="isUnsent">What was changed here and the server doesn't know. Null: all that is here, it is the first join.</param>
internal sealed class TreeMerge(
    ObjectTable objects, Applier applier, IOperationContext context, Origin origin, ulong server, DateTimeOffset now, Predicate<Fid>? isUnsent)
{
    /// <summary>How often a name is looked at anew because programs were faster.</summary>
    private const int Attempts = 100;

    // Objects of several names, one of which was told.
    private readonly HashSet<Fid> _linked = [];

    /// <summary>Names that went to the conflict store.</summary>
    internal int Kept { get; private set; }

    /// <param name="staged">The snapshot's directory; its entries move.</param>
    /// <param name="live">The one that stays.</param>
    /// <param name="fid">The identity of both.</param>
    /// <param name="state">The snapshot's, without flags that would protect it.</param>
    internal void Merge(Fd staged, Fd live, Fid fid, ObjectState state)
    {
        // First, so that what is told of the entries tells the right mtime of the directory.
        applier.BringDirectory(origin, fid, state);
        foreach (var name in ConflictStore.NamesIn(live))
        {
            using var item = objects.Look(staged, name, out _);
            if (item is null && !objects.Root.IsControl(fid, name))
            {
                Leave(live, fid, name);
            }
        }

        foreach (var name in ConflictStore.NamesIn(staged))
        {
            Take(staged, live, fid, name);
        }

        if (!context.SetsParentTimes)
        {
            applier.BringDirectory(origin, fid, state);
        }
    }

    /// <summary>
    /// An object got a name while names were told: perhaps it left a directory before that was told, for one that had
    /// been told. With all below it. What the server has isn't told of: an ENTER would bring our version of it.
    /// </summary>
    internal void TellAgain(Fid parent, byte[] name)
    {
        using var directory = objects.Find(parent, out _);
        using var place = directory is null ? null : NamePlace.OfDescriptor(objects, parent, directory);
        var fid = default(Fid);
        using var entry = directory is null || place is { IsAway: true } ? null : objects.Look(directory, name, out fid);
        if (entry is not null && IsUnsentHere(fid))
        {
            Tell(directory!, name, entry, fid, child => TellAgain(fid, child));
        }
    }

    /// <summary>A name that the snapshot lacks.</summary>
    private void Leave(Fd live, Fid parent, byte[] name)
    {
        for (var attempt = 0; ; attempt++)
        {
            var seen = context.Head();
            using var entry = objects.Look(live, name, out var fid);
            if (entry is null || objects.Root.IsForeign(parent, name, StatOf(entry, fid)))
            {
                return;
            }

            if (IsNew(fid))
            {
                Tell(live, name, entry, fid, child => Leave(entry, fid, child));
                return;
            }

            if (Remove(live, parent, name, entry, fid, seen, keeps: HasUnsent(entry, fid)))
            {
                return;
            }

            Demand(attempt < Attempts, name);
        }
    }

    /// <summary>A name of the snapshot enters.</summary>
    private void Take(Fd staged, Fd live, Fid parent, byte[] name)
    {
        var path = new CName(name);
        using var item = objects.Look(staged, name, out var fid)!;
        for (var attempt = 0; ; attempt++)
        {
            var seen = context.Head();
            using var present = objects.Look(live, name, out var presentFid);
            if (present is null)
            {
                context.Set(origin);
                var result = Interop.Sys.RenameAt2(staged, path.Bytes, live, path.Bytes, Interop.Sys.RenameNoReplace);
                if (result != -Errno.EEXIST)
                {
                    SysException.Check(result, "renameat2", name);
                    return;
                }
            }
            else if (IsDirectory(present, presentFid) && IsDirectory(item, fid))
            {
                Unprotect(present, presentFid, below: false);
                Become(item, fid, present, presentFid);
                return;
            }
            else
            {
                var isOld = isUnsent is not null && !HasUnsent(present, presentFid);
                var keeps = IsInUse(present, presentFid) || (!isOld && !TreeCompare.AreEqual(objects, present, item));
                Remove(live, parent, name, present, presentFid, seen, keeps);
            }

            Demand(attempt < Attempts, name);
        }
    }

    /// <summary>Made here, and never sent.</summary>
    private bool IsNew(Fid fid) => !objects.Index.TryGetJoined(fid, out _) && (isUnsent is null || IsUnsentHere(fid));

    private bool IsUnsentHere(Fid fid) => fid.Replica == objects.Root.Self && (isUnsent is null || isUnsent(fid));

    /// <summary>Stays, with what is below it, and is sent as an update of this replica.</summary>
    private void Tell(Fd live, byte[] name, Fd entry, Fid fid, Action<byte[]> tellChild)
    {
        if (fid.Replica != objects.Root.Self)
        {
            objects.Learn(fid, entry);
        }

        var stat = StatOf(entry, fid);
        var isDirectory = stat.Type == FileType.Directory;
        if (!isDirectory)
        {
            if (context.Tell(live, name, isLink: stat.Links > 1 && _linked.Contains(fid)) && stat.Links > 1)
            {
                // If another object has that name by now, it may be the one that was told of.
                using var told = objects.Look(live, name, out var there);
                if (there == fid)
                {
                    _linked.Add(fid);
                }
            }

            return;
        }

        context.Tell(live, name, isLink: false);

        foreach (var child in ConflictStore.NamesIn(entry))
        {
            tellChild(child);
        }
    }

    /// <summary>Takes a name away: to the conflict store, or for good. False: it has changed, look again.</summary>
    private bool Remove(Fd live, Fid parent, byte[] name, Fd entry, Fid fid, ulong seen, bool keeps)
    {
        var judged = origin with { Seen = seen };
        Unprotect(entry, fid, below: !keeps);
        if (!keeps && !IsInUse(entry, fid))
        {
            return applier.Discard(judged, live, name, fid);
        }

        var conflict = new Conflict(new Dot(objects.Root.Self, 0), new Dot(server, origin.Dot.Counter), "was here before the join", now, fid, parent, name);
        if (objects.Index.TryGetJoined(fid, out _) && StatOf(entry, fid).Type == FileType.Regular && !IsInUse(entry, fid) &&
            applier.CopyToConflictStore(fid, conflict).IsDone)
        {
            // The object is the server's from now on: what is kept is a version of it, and nobody may take it for the object itself.
            var isGone = applier.Discard(judged, live, name, fid);
            Kept += isGone ? 1 : 0;
            return isGone;
        }

        var outcome = applier.EvictToConflictStore(judged, parent, name, fid, conflict);
        Kept += outcome.Status == ApplyStatus.Applied ? 1 : 0;
        return outcome.IsDone || (outcome.Status is ApplyStatus.Changed or ApplyStatus.NameTaken
            ? false
            : throw new IOException($"{Names.Show(name)} is in the way of the join: {outcome.Status}"));
    }

    /// <summary>What is immutable or append-only can't be moved or removed.</summary>
    private void Unprotect(Fd entry, Fid fid, bool below)
    {
        if (FileFlags.Has(StatOf(entry, fid)))
        {
            context.Set(origin);
            SysException.Check(FileFlags.Write(entry, []), "FS_IOC_SETFLAGS", fid.ToString());
        }

        foreach (var name in below && IsDirectory(entry, fid) ? ConflictStore.NamesIn(entry) : [])
        {
            using var child = objects.Look(entry, name, out var childFid);
            if (child is not null)
            {
                Unprotect(child, childFid, below);
            }
        }
    }

    /// <summary>The directory that is here stands for the server's from now on, and holds what that held.</summary>
    private void Become(Fd item, Fid fid, Fd present, Fid presentFid)
    {
        if (presentFid != fid)
        {
            FidXattr.Write(present, fid);
            if (!objects.Index.TryGetJoined(presentFid, out _))
            {
                objects.Forget(presentFid);
            }
        }

        objects.Learn(fid, present);
        if (!objects.Index.TryGetJoined(fid, out var joined))
        {
            throw new InvalidOperationException($"{fid} was not placed");
        }

        objects.Index.PutJoined(fid, joined with { Handle = LocalFid.HandleOf(present) });
        Merge(item, present, fid, new ObjectState { Attr = joined.Attr, Xattrs = ObjectReader.ReadXattrs(item) });
    }

    private bool HasUnsent(Fd entry, Fid fid)
    {
        if (isUnsent is null || isUnsent(fid) || IsInUse(entry, fid))
        {
            return true;
        }

        if (!IsDirectory(entry, fid))
        {
            return false;
        }

        foreach (var name in ConflictStore.NamesIn(entry))
        {
            using var child = objects.Look(entry, name, out var childFid);
            if (child is not null && HasUnsent(child, childFid))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Somebody is writing into it.</summary>
    private bool IsInUse(Fd entry, Fid fid) => StatOf(entry, fid).Type == FileType.Regular && context.WritersOf(entry) != Writers.None;

    private static bool IsDirectory(Fd entry, Fid fid) => StatOf(entry, fid).Type == FileType.Directory;

    private static Interop.Sys.StatXData StatOf(Fd entry, Fid fid)
    {
        SysException.Check(Interop.Sys.StatX(entry, out var stat), "statx", fid.ToString());
        return stat;
    }

    private static void Demand(bool condition, byte[] name)
    {
        if (!condition)
        {
            throw new IOException($"{Names.Show(name)} keeps changing while the join ends");
        }
    }
}
