// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform;

/// <summary>Names that come, go and change.</summary>
internal sealed partial class Applier
{
    private ApplyOutcome Link(Origin origin, scoped in Place place, Fid fid)
    {
        var directory = OpenParent(place, out var failure);
        if (directory is null)
        {
            return failure;
        }

        using var known = _objects.Find(fid, out var stat);
        if (known is null)
        {
            return Missing(fid);
        }

        if (stat.Type == FileType.Directory)
        {
            return new ApplyOutcome(ApplyStatus.WrongKind, fid);
        }

        using var occupant = _objects.Look(directory, place.Name, out var there);
        if (occupant is not null)
        {
            return there == fid ? ApplyOutcome.AlreadySo : Taken(there, place);
        }

        var away = FindAway(fid);
        if (away is not null)
        {
            using (away)
            {
                return MoveIn(origin, away.Directory, away.Name, directory, place, fid, Interop.Sys.RenameNoReplace);
            }
        }

        var name = new CName(place.Name);
        _context.Set(origin);
        var result = Interop.Sys.LinkAt(known, directory, name.Bytes);
        return result switch
        {
            0 => ApplyOutcome.AppliedToNames,
            -Errno.EEXIST => TakenBy(directory, place),
            -Errno.ENOENT => LostParent(place),
            _ => Fail(result, "linkat", fid),
        };
    }

    private ApplyOutcome Remove(Origin origin, scoped in Place place, Fid fid, bool isDirectory, bool isLast)
    {
        var directory = OpenParent(place, out var failure);
        if (directory is null)
        {
            return failure;
        }

        using var occupant = _objects.Look(directory, place.Name, out var there);
        if (occupant is null || there != fid)
        {
            if (!isLast && IsAsideAlone(fid))
            {
                // It has another place at the origin.
                return ApplyOutcome.AlreadySo;
            }

            return IsWrittenAside(fid) ? new ApplyOutcome(ApplyStatus.Busy, fid) : DropIfAside(fid) || occupant is null ? ApplyOutcome.AlreadySo : Taken(there, place);
        }

        SysException.Check(Interop.Sys.StatX(occupant, out var stat), "statx", fid.ToString());
        if (isDirectory != (stat.Type == FileType.Directory))
        {
            return new ApplyOutcome(ApplyStatus.WrongKind, fid);
        }

        return stat is { Type: FileType.Regular, Links: 1 } && _context.WritersOf(occupant) == Writers.Writing
            ? new ApplyOutcome(ApplyStatus.Busy, fid)
            : Unlink(origin, directory, place, fid, isDirectory, stat.Links);
    }

    private ApplyOutcome Unlink(Origin origin, Fd directory, scoped in Place place, Fid fid, bool isDirectory, uint links)
    {
        var name = new CName(place.Name);
        _context.Set(origin);
        var result = Interop.Sys.UnlinkAt(directory, name.Bytes, isDirectory ? At.RemoveDirectory : 0);
        switch (result)
        {
            case 0:
                if (isDirectory || links <= 1)
                {
                    _objects.Forget(fid);
                    _directories.Forget(fid);
                }

                return ApplyOutcome.AppliedToNames;
            case -Errno.ENOENT:
                return ApplyOutcome.AlreadySo;
            case -Errno.ENOTEMPTY or -Errno.EEXIST:
                return new ApplyOutcome(ApplyStatus.NotEmpty, fid);
            default:
                return Fail(result, "unlinkat", fid);
        }
    }

    private ApplyOutcome Rename(Origin origin, RecordView record, Fid fid)
    {
        record.TryGetParent(out var fromParent);
        record.TryGetParent2(out var toParent);
        record.TryGetReplaced(out var replaced);
        var from = new Place(fromParent.Fid, record.Name);
        var to = new Place(toParent.Fid, record.Name2);
        // What RENAME_WHITEOUT leaves behind has a record of its own.
        var target = OpenParent(to, out var failure);
        if (target is null)
        {
            return failure;
        }

        return (record.Aux & Interop.Sys.RenameExchange) != 0
            ? Exchange(origin, from, target, to, fid, replaced.Fid)
            : Move(origin, from, target, to, fid, replaced.Fid);
    }

    private ApplyOutcome Move(Origin origin, scoped in Place from, Fd target, scoped in Place to, Fid fid, Fid replaced)
    {
        var source = OpenParent(from, out _);
        using var moved = LookIn(source, from, out var atSource);
        using var occupant = _objects.Look(target, to.Name, out var atTarget);
        if (occupant is not null && atTarget == fid)
        {
            // Between two names of one object rename(2) does nothing.
            return moved is not null && atSource == fid ? DropName(origin, source!, from, moved, fid) with { Named = false } : ApplyOutcome.AlreadySo;
        }

        if (moved is null || atSource != fid)
        {
            return MoveFromAway(origin, target, to, fid, occupant is null ? default : atTarget, replaced);
        }

        if (occupant is not null && atTarget != replaced)
        {
            return Taken(atTarget, to, second: true);
        }

        var outcome = MoveBetween(origin, source!, from, target, to, fid, occupant is null ? Interop.Sys.RenameNoReplace : 0);
        if (outcome.Status == ApplyStatus.Applied && !replaced.IsNone)
        {
            if (occupant is null && !IsWrittenAside(replaced))
            {
                // What a program is writing is kept, when it is asked about.
                DropIfAside(replaced);
            }

            ForgetIfGone(replaced);
        }

        return outcome;
    }

    /// <summary>The object isn't where it came from: it may have been taken out of the way.</summary>
    private ApplyOutcome MoveFromAway(Origin origin, Fd target, scoped in Place to, Fid fid, Fid occupant, Fid replaced)
    {
        var away = FindAway(fid);
        if (away is null)
        {
            using var known = _objects.Find(fid, out _);
            return new ApplyOutcome(known is null ? ApplyStatus.MissingObject : ApplyStatus.Elsewhere, fid);
        }

        using (away)
        {
            if (!occupant.IsNone && occupant != replaced)
            {
                return Taken(occupant, to, second: true);
            }

            return MoveIn(origin, away.Directory, away.Name, target, to, fid, occupant.IsNone ? Interop.Sys.RenameNoReplace : 0) with { Named = false };
        }
    }

    private ApplyOutcome MoveBetween(Origin origin, Fd source, scoped in Place from, Fd target, scoped in Place to, Fid fid, uint flags)
    {
        var oldName = new CName(from.Name);
        var newName = new CName(to.Name);
        _context.Set(origin);
        var result = Interop.Sys.RenameAt2(source, oldName.Bytes, target, newName.Bytes, flags);
        return result switch
        {
            0 => ApplyOutcome.AppliedToNames,
            -Errno.EEXIST => TakenBy(target, to) with { SecondName = true },
            -Errno.ENOENT => LostParent(to),
            -Errno.ENOTEMPTY => new ApplyOutcome(ApplyStatus.NotEmpty, FidAt(target, to)),
            -Errno.EINVAL => new ApplyOutcome(ApplyStatus.Cycle, fid),
            -Errno.EBUSY => new ApplyOutcome(ApplyStatus.Busy, FidAt(target, to)),
            _ => Fail(result, "renameat2", fid),
        };
    }

    private ApplyOutcome Exchange(Origin origin, scoped in Place from, Fd target, scoped in Place to, Fid first, Fid second)
    {
        var source = OpenParent(from, out var failure);
        if (source is null)
        {
            return failure;
        }

        using var one = _objects.Look(source, from.Name, out var atSource);
        using var other = _objects.Look(target, to.Name, out var atTarget);
        if (one is not null && other is not null && atSource == second && atTarget == first)
        {
            return ApplyOutcome.AlreadySo;
        }

        if (one is null || atSource != first)
        {
            return one is null ? new ApplyOutcome(ApplyStatus.Elsewhere, first) : Taken(atSource, from);
        }

        if (other is null || atTarget != second)
        {
            return other is null ? new ApplyOutcome(ApplyStatus.Elsewhere, second) : Taken(atTarget, to, second: true);
        }

        return MoveBetween(origin, source, from, target, to, first, Interop.Sys.RenameExchange);
    }

    private ApplyOutcome DropName(Origin origin, Fd directory, scoped in Place place, Fd occupant, Fid fid)
    {
        SysException.Check(Interop.Sys.StatX(occupant, out var stat), "statx", fid.ToString());
        return Unlink(origin, directory, place, fid, isDirectory: false, stat.Links);
    }

    private Fd? LookIn(Fd? directory, scoped in Place place, out Fid fid)
    {
        fid = default;
        return directory is null ? null : _objects.Look(directory, place.Name, out fid);
    }
}
