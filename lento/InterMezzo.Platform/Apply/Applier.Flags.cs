// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform;

/// <summary>
/// Objects that are immutable or append-only. What is replicated was allowed where it was made: the other side didn't
/// know of the flag yet, or has appended, which comes as new content. It is done here with the flags off.
/// </summary>
internal sealed partial class Applier
{
    private ApplyOutcome DespiteFlags(Origin origin, RecordView record, ObjectState? state, Content? content)
    {
        var outcome = ApplyOnce(origin, record, state, content);
        if (outcome is not { Status: ApplyStatus.Refused, Errno: Errno.EPERM })
        {
            return outcome;
        }

        record.TryGetObject(out var subject);
        record.TryGetParent(out var parent);
        record.TryGetParent2(out var parent2);
        record.TryGetReplaced(out var replaced);
        var removes = record.Op is Op.Unlink or Op.Rmdir or Op.Leave;
        var restored = new List<(Fid Fid, byte[] Value)>();
        var found = TakeOff(origin, replaced.Fid, null) | TakeOff(origin, subject.Fid, removes || state?.Xattrs is not null ? null : restored) |
            TakeOff(origin, parent.Fid, restored) | TakeOff(origin, parent2.Fid, restored);
        if (!found)
        {
            return outcome;
        }

        outcome = ApplyOnce(restored.Count > 0 ? origin.AsPart : origin, record, state, content);
        for (var i = 0; i < restored.Count; i++)
        {
            var back = SetXattr(i < restored.Count - 1 ? origin.AsPart : origin, restored[i].Fid, FileFlags.Name, restored[i].Value);
            outcome = outcome.IsDone && !back.IsDone ? back : outcome;
        }

        return outcome;
    }

    internal ApplyOutcome Protect(Origin origin, Fid fid, byte[] flags) => SetXattr(origin, fid, FileFlags.Name, flags);

    /// <summary>Whether the object had flags; they are noted if they are to be set again.</summary>
    private bool TakeOff(Origin origin, Fid fid, List<(Fid Fid, byte[] Value)>? noted)
    {
        using var fd = fid.IsNone ? null : _objects.Find(fid, out _);
        if (fd is null)
        {
            return false;
        }

        SysException.Check(Interop.Sys.StatX(fd, out var stat), "statx", fid.ToString());
        if (!FileFlags.Has(stat))
        {
            return false;
        }

        noted?.Add((fid, FileFlags.Of(stat).Value));
        return RemoveXattr(origin.AsPart, fid, FileFlags.Name).IsDone;
    }

    /// <summary>
    /// The last step of an object's making: with its flags it could neither be filled nor get its name.
    /// <paramref name="outcome"/> is that of the step before, a part if there is one of these.
    /// </summary>
    private ApplyOutcome SetFlags(Origin origin, Fid fid, ObjectState state, ApplyOutcome outcome)
    {
        var flags = FileFlags.Of(state);
        if (flags is null || outcome.Status != ApplyStatus.Applied)
        {
            return outcome;
        }

        var set = SetXattr(origin, fid, FileFlags.Name, flags);
        return set.IsDone ? outcome : set;
    }

    private static Origin BeforeFlags(Origin origin, ObjectState state) => FileFlags.Of(state) is null ? origin : origin.AsPart;
}
