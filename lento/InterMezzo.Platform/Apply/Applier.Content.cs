// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform;

/// <summary>New content of objects that are here.</summary>
internal sealed partial class Applier
{
    private ApplyOutcome ApplyClose(Origin origin, RecordView record, Fid fid, ObjectState? state, Content? content)
    {
        if (content is null && state is null)
        {
            return ApplyOutcome.AlreadySo;
        }

        using var known = _objects.Find(fid, out var stat);
        if (known is null)
        {
            return Missing(fid);
        }

        record.TryGetParent(out var parent);
        return Update(origin, new Place(parent.Fid, record.Name), fid, known, stat, state ?? RecordState.OfAttr(record), content);
    }

    /// <summary>Brings an object to a state, and to a content if there is one.</summary>
    private ApplyOutcome Update(
        Origin origin, scoped in Place hint, Fid fid, Fd known, in Interop.Sys.StatXData stat, ObjectState state, Content? content)
    {
        var attr = Merge(Attributes.FromStat(stat), state.Attr);
        var lasting = attr with { Valid = AttrValid.Mode | AttrValid.Uid | AttrValid.Gid | AttrValid.ModifyTime };
        if (content is null || (stat.Type == FileType.Regular && ContentCompare.IsSame(known, stat, attr, content)))
        {
            return SetState(origin, fid, known, stat, lasting, state.Xattrs);
        }

        if (stat.Type != FileType.Regular)
        {
            return new ApplyOutcome(ApplyStatus.WrongKind, fid);
        }

        var writers = _context.WritersOf(known);
        if (writers == Writers.Writing)
        {
            return new ApplyOutcome(ApplyStatus.Busy, fid);
        }

        var whole = new ObjectState { Attr = lasting, Xattrs = state.Xattrs ?? ObjectReader.ReadXattrs(known) };
        using var place = stat.Links == 1 && writers == Writers.None ? FindName(hint, fid, known) : null;
        return place is not null
            ? Replace(origin, place, fid, whole, content)
            : WriteInPlace(origin, fid, known, whole, content);
    }

    /// <summary>A new inode takes over identity and name: readers have the old content or the new one, whole.</summary>
    private ApplyOutcome Replace(Origin origin, NamePlace place, Fid fid, ObjectState state, Content content)
    {
        using var made = _maker.Make(fid, state, content);
        var handle = LocalFid.HandleOf(made.Fd);
        SysException.Check(Interop.Sys.StatX(place.Directory, out var before), "statx", fid.ToString());
        _context.Set(BeforeFlags(origin, state));
        var result = Interop.Sys.RenameAt2(made.Directory, made.Name, place.Directory, place.Name, 0);
        if (result == 0)
        {
            if (!_context.SetsParentTimes)
            {
                // No entry has changed, as others see it.
                var time = new KmlAttr { Valid = AttrValid.ModifyTime, ModifyTime = Attributes.ToTime(before.ModifyTime) };
                SysException.Check(OpenObject.SetTimes(place.Directory, time), "utimensat", fid.ToString());
            }

            _objects.Index.Put(fid, handle);
            return SetFlags(origin, fid, state, ApplyOutcome.Applied);
        }

        made.Remove();
        return result switch
        {
            -Errno.ENOENT => Missing(fid),

            // A program has put a directory there.
            -Errno.EISDIR => new ApplyOutcome(ApplyStatus.Changed, fid),
            _ => Fail(result, "renameat2", fid),
        };
    }

    /// <summary>The one name of a file: the hint if it is right, else what the kernel knows. Null: unknown.</summary>
    private NamePlace? FindName(scoped in Place hint, Fid fid, Fd known)
    {
        if (Names.IsValid(hint.Name) && _directories.Open(hint.Parent, out _) is { } directory && FidAt(directory, hint) == fid)
        {
            return new NamePlace(directory, [.. hint.Name, 0], OwnsDirectory: false);
        }

        return FindAway(fid) ?? NamePlace.OfDescriptor(_objects, fid, known);
    }
}
