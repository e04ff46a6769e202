// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform;

/// <summary>Objects that become part of the tree.</summary>
internal sealed partial class Applier
{
    private ApplyOutcome ApplyEnter(Origin origin, RecordView record, in KmlObject subject, ObjectState? state, Content? content, Fid replaced)
    {
        record.TryGetParent(out var parent);
        var place = new Place(parent.Fid, record.Name);
        if (state is null && (subject.Mode & FileType.Mask) == FileType.Symlink)
        {
            return EnterKnown(origin, place, subject.Fid);
        }

        var outcome = Enter(origin, place, subject.Fid, state ?? RecordState.OfAttr(record), content, state is null ? Existing.Keep : Existing.Update, replaced);

        // New content is about no name: the file may have another one by now.
        return outcome.Status == ApplyStatus.MissingParent && replaced == subject.Fid ? ApplyClose(origin, record, subject.Fid, state, content) : outcome;
    }

    /// <summary>Without a state (a symlink's target isn't in the record) only what is here can enter.</summary>
    private ApplyOutcome EnterKnown(Origin origin, scoped in Place place, Fid fid)
    {
        var directory = OpenParent(place, out var failure);
        if (directory is null)
        {
            return failure;
        }

        using var known = _objects.Find(fid, out _);
        return known is null ? Missing(fid) : PlaceKnown(origin, directory, place, fid, default);
    }

    /// <param name="origin">The update.</param>
    /// <param name="place">Where.</param>
    /// <param name="fid">What.</param>
    /// <param name="state">As this.</param>
    /// <param name="content">With this content.</param>
    /// <param name="existing">If it is here already.</param>
    /// <param name="replaced">What may be replaced at the name; none: nothing.</param>
    private ApplyOutcome Enter(
        Origin origin, scoped in Place place, Fid fid, ObjectState state, Content? content, Existing existing, Fid replaced)
    {
        var directory = OpenParent(place, out var failure);
        if (directory is null)
        {
            return failure;
        }

        if (!MayExist(state.Attr.Mode & FileType.Mask))
        {
            return Refuse(fid, Errno.EPERM);
        }

        using var known = _objects.Find(fid, out var stat);
        if (known is not null)
        {
            return EnterExisting(origin, directory, place, fid, known, stat, state, content, existing, replaced);
        }

        if (origin.MakesNothing)
        {
            return Missing(fid);
        }

        using var made = _maker.Make(fid, state, content);
        var outcome = GiveName(BeforeFlags(origin, state), made, directory, place, fid, replaced);
        if (outcome.Status == ApplyStatus.Applied)
        {
            // A directory that a program has removed meanwhile may be held open.
            _directories.Forget(fid);
            _objects.Index.Put(fid, LocalFid.HandleOf(made.Fd));
            return SetFlags(origin, fid, state, outcome);
        }

        made.Remove();
        return outcome is { Status: ApplyStatus.NameTaken } && outcome.Subject == fid
            ? Recognise(origin, directory, place, fid, state, content, existing, replaced)
            : outcome;
    }

    /// <summary>The object is here, but the index didn't know.</summary>
    private ApplyOutcome Recognise(
        Origin origin, Fd directory, scoped in Place place, Fid fid, ObjectState state, Content? content, Existing existing, Fid replaced)
    {
        using var known = _objects.Look(directory, place.Name, out _);
        if (known is null)
        {
            return Missing(fid);
        }

        _objects.Learn(fid, known);
        SysException.Check(Interop.Sys.StatX(known, out var stat), "statx", fid.ToString());
        return EnterExisting(origin, directory, place, fid, known, stat, state, content, existing, replaced);
    }

    private ApplyOutcome EnterExisting(
        Origin origin,
        Fd directory,
        scoped in Place place,
        Fid fid,
        Fd known,
        in Interop.Sys.StatXData stat,
        ObjectState state,
        Content? content,
        Existing existing,
        Fid replaced)
    {
        if (stat.Type != (state.Attr.Mode & FileType.Mask))
        {
            return new ApplyOutcome(ApplyStatus.WrongKind, fid);
        }

        // Whatever is elsewhere is brought up to date there (the times are of another directory), then enters as it should be.
        var stands = FidAt(directory, place) == fid;
        var changes = existing == Existing.Update || content is not null;
        if (!stands && content is not null)
        {
            KeepWhatReturns(fid, known, stat, content);
        }

        var updated = changes ? Update(stands ? origin : origin.Aside, place, fid, known, stat, state, content) : ApplyOutcome.AlreadySo;
        if (stands || !updated.IsDone)
        {
            return updated;
        }

        var placed = PlaceKnown(origin, directory, place, fid, replaced);
        return placed.Status switch
        {
            // It was fetched with its directory by a name that it was given later; this one it has, too, unless records that follow take it.
            ApplyStatus.Elsewhere when existing == Existing.Keep && stat.Type != FileType.Directory &&
                state.Attr.Has(AttrValid.Links) && state.Attr.Links >= stat.Links => Link(origin, place, fid),

            // Made, then given another name: records that follow say so. New content of it is about no name.
            ApplyStatus.Elsewhere when existing == Existing.Keep || replaced == fid => updated,
            ApplyStatus.AlreadySo => updated,
            _ => placed,
        };
    }

    /// <summary>A file comes back from the conflict store with another content: what is kept of it stays kept.</summary>
    private void KeepWhatReturns(Fid fid, Fd known, in Interop.Sys.StatXData stat, Content content)
    {
        if (IsAside(fid) || stat.Type != FileType.Regular || (_away!.Contains(fid) ? FindKept(fid) : FindInKept(fid, known)) is not { } kept)
        {
            return;
        }

        using (kept)
        {
            if (!ContentCompare.IsSame(known, stat, Attributes.FromStat(stat), content))
            {
                using var copy = _maker.MakeCopy(known, stat.Type);
                KeepAs(copy, kept.Directory, kept.Name.AsSpan()[..^1]);
            }
        }
    }

    /// <summary>Brings an object that is here under a name: it stands there, or was set aside, or is in the conflict store.</summary>
    private ApplyOutcome PlaceKnown(Origin origin, Fd directory, scoped in Place place, Fid fid, Fid replaced)
    {
        using var occupant = _objects.Look(directory, place.Name, out var there);
        if (occupant is not null && there == fid)
        {
            return ApplyOutcome.AlreadySo;
        }

        var away = FindAway(fid);
        if (away is null)
        {
            return new ApplyOutcome(ApplyStatus.Elsewhere, fid);
        }

        using (away)
        {
            if (occupant is not null && there != replaced)
            {
                return Taken(there, place);
            }

            var wasKept = !IsAside(fid);
            var outcome = MoveIn(origin, away.Directory, away.Name, directory, place, fid, occupant is null ? Interop.Sys.RenameNoReplace : 0);
            if (wasKept && outcome.Status == ApplyStatus.Applied && _conflicts.HasReturned(fid) is { } settled)
            {
                _context.Sync();
                _conflicts.Drop(settled);
            }

            return outcome;
        }
    }

    /// <summary>A made object enters at its place.</summary>
    private ApplyOutcome GiveName(Origin origin, in Made made, Fd directory, scoped in Place place, Fid fid, Fid replaced)
    {
        var flags = Interop.Sys.RenameNoReplace;
        if (!replaced.IsNone)
        {
            using var occupant = _objects.Look(directory, place.Name, out var there);
            if (occupant is not null && there == replaced)
            {
                flags = 0;
            }
        }

        var outcome = MoveIn(origin, made.Directory, made.Name, directory, place, fid, flags);
        if (flags == 0 && outcome.Status == ApplyStatus.Applied)
        {
            ForgetIfGone(replaced);
        }

        return outcome;
    }

    private ApplyOutcome MoveIn(Origin origin, Fd from, ReadOnlySpan<byte> fromName, Fd directory, scoped in Place place, Fid fid, uint flags)
    {
        var name = new CName(place.Name);
        _context.Set(origin);
        var result = Interop.Sys.RenameAt2(from, fromName, directory, name.Bytes, flags);
        if (result == 0)
        {
            _away?.Remove(fid);
        }

        return result switch
        {
            0 => ApplyOutcome.AppliedToNames,
            -Errno.EEXIST => TakenBy(directory, place),
            -Errno.ENOENT => LostParent(place),
            -Errno.ENOTEMPTY => new ApplyOutcome(ApplyStatus.NotEmpty, FidAt(directory, place)),
            -Errno.EBUSY => new ApplyOutcome(ApplyStatus.Busy, FidAt(directory, place)),
            _ => Fail(result, "renameat2", fid),
        };
    }

    private ApplyOutcome TakenBy(Fd directory, scoped in Place place) => Taken(FidAt(directory, place), place);

    private Fid FidAt(Fd directory, scoped in Place place)
    {
        using var fd = _objects.Look(directory, place.Name, out var fid);
        return fid;
    }

    /// <summary>The directory was removed while it was held open.</summary>
    private ApplyOutcome LostParent(scoped in Place place)
    {
        _directories.Forget(place.Parent);
        return new ApplyOutcome(ApplyStatus.MissingParent, place.Parent);
    }

    private void ForgetIfGone(Fid fid)
    {
        using var still = _objects.Find(fid, out _);
        if (still is null)
        {
            _objects.Forget(fid);
            _directories.Forget(fid);
        }
    }

    private bool MayExist(uint type) => type switch
    {
        FileType.Regular or FileType.Directory or FileType.Symlink or FileType.Fifo or FileType.Socket => true,
        FileType.CharDevice or FileType.BlockDevice => _options.AllowDevices,
        _ => false,
    };
}
