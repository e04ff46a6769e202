// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform;

/// <summary>Directories as a whole, and what is here of an object.</summary>
internal sealed partial class Applier
{
    public IReadOnlyList<EntryHere>? Entries(Fid directory)
    {
        using var fd = _objects.Find(directory, out var stat);
        if (fd is null || stat.Type != FileType.Directory)
        {
            return null;
        }

        var all = new List<EntryHere>();
        using var reader = new DirectoryReader(Reopen.ForReading(fd, FileType.Directory));
        while (reader.Next(out var name))
        {
            using var entry = _root.IsControl(directory, name.Span) ? null : _objects.Look(fd, name.Span, out var fid);
            if (entry is null)
            {
                continue;
            }

            SysException.Check(Interop.Sys.StatX(entry, out var found), "statx", name.Span);
            if (!_root.IsForeign(directory, name.Span, found))
            {
                all.Add(new EntryHere(name.ToArray(), _objects.Identify(entry), Attributes.FromStat(found)));
            }
        }

        return all;
    }

    public bool Holds(Fid fid, ObjectState state, Content content)
    {
        using var fd = _objects.Find(fid, out var stat);
        return fd is not null && stat.Type == FileType.Regular && ContentCompare.IsSame(fd, stat, Merge(Attributes.FromStat(stat), state.Attr), content);
    }

    /// <summary>A LIST, when the names that it lacks are gone: the state that goes with them.</summary>
    private ApplyOutcome ApplyListState(Origin origin, RecordView record, Fid fid, ObjectState? state)
    {
        _directories.Forget(fid);
        using var directory = _objects.Find(fid, out var stat);
        if (directory is null)
        {
            return Missing(fid);
        }

        var whole = state ?? RecordState.OfAttr(record);
        var lasting = whole.Attr with { Valid = whole.Attr.Valid & (AttrValid.Mode | AttrValid.Uid | AttrValid.Gid | AttrValid.ModifyTime) };
        return stat.Type == FileType.Directory ? SetState(origin, fid, directory, stat, lasting, whole.Xattrs) : new ApplyOutcome(ApplyStatus.WrongKind, fid);
    }
}
