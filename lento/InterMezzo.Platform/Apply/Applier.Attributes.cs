// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform;

/// <summary>Attributes and xattrs of objects that are here.</summary>
internal sealed partial class Applier
{
    private const uint SetIds = 0xc00;

    private readonly Dictionary<Fid, KmlTime> _parentTimes = [];

    [Flags]
    private enum Step
    {
        None = 0,
        Size = 1,
        Owner = 2,
        Mode = 4,
        Times = 8,
    }

    public bool SetsParentTimes => _context.SetsParentTimes;

    public void NoteParentTime(Fid directory, KmlTime? time)
    {
        if (time is { } noted)
        {
            _parentTimes[directory] = noted;
        }
        else
        {
            _parentTimes.Remove(directory);
        }
    }

    public void ApplyParentTimes(Origin origin)
    {
        foreach (var (fid, time) in _parentTimes)
        {
            using var fd = _objects.Find(fid, out var stat);
            if (fd is not null && stat.Type == FileType.Directory)
            {
                SetAttributes(origin.AsPart, fid, fd, stat, new KmlAttr { Valid = AttrValid.ModifyTime, ModifyTime = time });
            }
        }

        _parentTimes.Clear();
    }

    private ApplyOutcome ApplySetAttr(Origin origin, RecordView record, Fid fid, ObjectState? state, Content? content)
    {
        using var fd = _objects.Find(fid, out var stat);
        if (fd is null)
        {
            return Missing(fid);
        }

        if (!record.TryGetAttr(out var attr))
        {
            return Refuse(fid, Errno.EINVAL);
        }

        if (attr.Has(AttrValid.Size) && !attr.Has(AttrValid.ModifyTime))
        {
            // truncate(2) sets the time without saying so.
            var result = record.Result;
            var time = (result.Flags & ResultFlags.Time) != 0 ? result.Time : record.Time;
            attr = attr with { Valid = attr.Valid | AttrValid.ModifyTime, ModifyTime = time };
        }

        attr = state is null ? attr : RecordFacts.Merge(attr, state.Attr);
        if (content is null || stat.Type != FileType.Regular)
        {
            return SetAttributes(origin, fid, fd, stat, attr);
        }

        return Update(origin, default, fid, fd, stat, new ObjectState { Attr = attr }, content);
    }

    /// <summary>Sets what is valid and differs; operations but the last are parts.</summary>
    private ApplyOutcome SetAttributes(Origin origin, Fid fid, Fd fd, in Interop.Sys.StatXData stat, in KmlAttr attr)
    {
        var steps = StepsTo(stat, attr);
        if (steps == Step.None && origin.SetsAnyway)
        {
            steps = (attr.Has(AttrValid.ModifyTime) ? Step.Times : Step.None) |
                (attr.Has(AttrValid.Mode) ? Step.Mode : Step.None) |
                (attr.Has(AttrValid.Uid) || attr.Has(AttrValid.Gid) ? Step.Owner : Step.None);
        }

        if (steps == Step.None)
        {
            return ApplyOutcome.AlreadySo;
        }

        for (var left = steps; left != Step.None;)
        {
            var step = (Step)((int)left & -(int)left);
            left &= ~step;
            _context.Set(left == Step.None ? origin : origin.AsPart);
            var result = Take(step, fd, stat, attr);
            if (result < 0)
            {
                return Fail(result, step.ToString(), fid);
            }
        }

        return ApplyOutcome.Applied;
    }

    private static Step StepsTo(in Interop.Sys.StatXData stat, in KmlAttr attr)
    {
        var steps = Step.None;
        if (stat.Type == FileType.Regular && attr.Has(AttrValid.Size) && attr.Size != stat.Size)
        {
            steps |= Step.Size;
        }

        if ((attr.Has(AttrValid.Uid) && attr.Uid != stat.Uid) || (attr.Has(AttrValid.Gid) && attr.Gid != stat.Gid))
        {
            steps |= Step.Owner;
        }

        var mode = attr.Has(AttrValid.Mode) ? attr.Mode : stat.Mode;
        var losesSetIds = steps != Step.None && (mode & SetIds) != 0;
        if (stat.Type != FileType.Symlink && ((mode & FileType.Permissions) != (stat.Mode & FileType.Permissions) || losesSetIds))
        {
            steps |= Step.Mode;
        }

        var modified = attr.Has(AttrValid.ModifyTime) && (attr.ModifyTime != Attributes.ToTime(stat.ModifyTime) || (steps & Step.Size) != 0);
        var accessed = attr.Has(AttrValid.AccessTime) && attr.AccessTime != Attributes.ToTime(stat.AccessTime);
        return modified || accessed ? steps | Step.Times : steps;
    }

    private static int Take(Step step, Fd fd, in Interop.Sys.StatXData stat, in KmlAttr attr) => step switch
    {
        Step.Size => Resize(fd, attr.Size),
        Step.Owner => OpenObject.SetOwner(
            fd, attr.Has(AttrValid.Uid) ? attr.Uid : OpenObject.Unchanged, attr.Has(AttrValid.Gid) ? attr.Gid : OpenObject.Unchanged),
        Step.Mode => OpenObject.SetMode(fd, isPath: true, attr.Has(AttrValid.Mode) ? attr.Mode : stat.Mode),
        _ => OpenObject.SetTimes(fd, attr),
    };

    private static int Resize(Fd fd, ulong size)
    {
        if (size > long.MaxValue)
        {
            return -Errno.EFBIG;
        }

        using var file = Reopen.TryForWriting(fd);
        return file is null ? -Errno.EBUSY : Interop.Sys.FTruncate(file, (long)size);
    }

    private ApplyOutcome SetXattr(Origin origin, Fid fid, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (XattrRules.IsOurs(name))
        {
            return Refuse(fid, Errno.EPERM);
        }

        using var fd = _objects.Find(fid, out _);
        if (fd is null)
        {
            return Missing(fid);
        }

        var withNul = new CName(name);
        if (HasXattr(fd, name, value))
        {
            return ApplyOutcome.AlreadySo;
        }

        _context.Set(origin);
        var result = OpenObject.SetXattr(fd, isPath: true, withNul.Bytes, value);
        return result == 0 ? ApplyOutcome.Applied : XattrRules.MayFail(name, result) ? ApplyOutcome.AlreadySo : Fail(result, "setxattr", fid);
    }

    private static bool HasXattr(Fd fd, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (FileFlags.IsName(name))
        {
            SysException.Check(Interop.Sys.StatX(fd, out var stat), "statx", "an object");
            return value.SequenceEqual(FileFlags.Of(stat).Value);
        }

        var path = CName.OfDescriptor(fd);
        var withNul = new CName(name);
        var present = new byte[value.Length];
        var length = Interop.Sys.GetXattr(path.Bytes, withNul.Bytes, present.Length == 0 ? stackalloc byte[1] : present);
        return length == value.Length && value.SequenceEqual(present);
    }

    private ApplyOutcome RemoveXattr(Origin origin, Fid fid, ReadOnlySpan<byte> name)
    {
        if (XattrRules.IsOurs(name))
        {
            return Refuse(fid, Errno.EPERM);
        }

        using var fd = _objects.Find(fid, out _);
        if (fd is null)
        {
            return Missing(fid);
        }

        var withNul = new CName(name);
        _context.Set(origin);
        var result = OpenObject.RemoveXattr(fd, withNul.Bytes);
        return result == 0 ? ApplyOutcome.Applied
            : result == -Errno.ENODATA || XattrRules.MayFail(name, result) ? ApplyOutcome.AlreadySo
            : Fail(result, "removexattr", fid);
    }

    /// <summary>Brings attributes, and xattrs if they are told, to a state; operations but the last are parts.</summary>
    private ApplyOutcome SetState(Origin origin, Fid fid, Fd fd, in Interop.Sys.StatXData stat, in KmlAttr attr, IReadOnlyList<Xattr>? xattrs)
    {
        var changes = xattrs is null ? [] : XattrChange.Between(ObjectReader.ReadXattrs(fd), xattrs);
        var protects = changes.FindIndex(change => change.Value is not null && FileFlags.IsName(change.Name));
        var flags = protects < 0 ? null : changes[protects].Value;
        if (flags is not null)
        {
            changes.RemoveAt(protects);
        }

        var before = ApplyOutcome.AlreadySo;
        var dresses = StepsTo(stat, attr) != Step.None;
        for (var i = 0; i < changes.Count; i++)
        {
            var part = i < changes.Count - 1 || dresses || flags is not null ? origin.AsPart : origin;
            var (name, value) = changes[i];
            var outcome = value is null ? RemoveXattr(part, fid, name) : SetXattr(part, fid, name, value);
            if (!outcome.IsDone)
            {
                return outcome;
            }

            before = outcome.Status == ApplyStatus.Applied ? outcome : before;
        }

        var after = SetAttributes(flags is null ? origin : origin.AsPart, fid, fd, stat, attr);
        if (after.IsDone && flags is not null)
        {
            return SetXattr(origin, fid, FileFlags.Name, flags);
        }

        return after.Status == ApplyStatus.AlreadySo ? before : after;
    }

    private static KmlAttr Merge(in KmlAttr present, in KmlAttr change) => present with
    {
        Mode = change.Has(AttrValid.Mode) ? change.Mode : present.Mode,
        Uid = change.Has(AttrValid.Uid) ? change.Uid : present.Uid,
        Gid = change.Has(AttrValid.Gid) ? change.Gid : present.Gid,
        Size = change.Has(AttrValid.Size) ? change.Size : present.Size,
        AccessTime = change.Has(AttrValid.AccessTime) ? change.AccessTime : present.AccessTime,
        ModifyTime = change.Has(AttrValid.ModifyTime) ? change.ModifyTime : present.ModifyTime,
    };
}
