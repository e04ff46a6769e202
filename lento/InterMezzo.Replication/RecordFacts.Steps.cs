// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;

namespace InterMezzo.Replication;

public static partial class RecordFacts
{
    /// <summary>RENAME_NOREPLACE of renameat2().</summary>
    private const uint RenameNoReplace = 1;

    /// <summary>What a SETATTR sets, whatever it was before, and without doing anything else.</summary>
    private const AttrValid Plain = AttrValid.Mode | AttrValid.Uid | AttrValid.Gid | AttrValid.AccessTime | AttrValid.ModifyTime | AttrValid.ChangeTime;

    /// <param name="record">Of the own log.</param>
    /// <param name="self">Whose log it is in.</param>
    /// <param name="direction">Which way it is sent.</param>
    /// <param name="peer">To whom.</param>
    /// <param name="joining">Made while a join told of what was here before it.</param>
    /// <param name="epoch">What its maker and the peer knew of each other.</param>
    public static LogStep Step(RecordView record, ulong self, Direction direction, ulong peer, bool joining, ulong epoch = 0)
    {
        var kind = Kind(record, self, joining);
        if (kind == StepKind.None)
        {
            return default;
        }

        return new LogStep(
            kind,
            Object(record, self),
            Parent(record, self),
            SecondParent(record, self),
            kind != StepKind.Completes && record.TryGetReplaced(out var replaced) ? replaced.Fid.Canonical(self) : default,
            Maker(record),
            Forward(record, direction, peer).Ships,
            record.Op == Op.Link,
            kind == StepKind.Changes ? Sets(record) : 0,
            kind == StepKind.Changes && record.Op == Op.SetXattr ? PlainXattr(record.XattrName) : null,
            epoch);
    }

    private static AttrValid Sets(RecordView record) =>
        record.Op == Op.SetAttr && record.TryGetAttr(out var attr) && (attr.Valid & ~Plain) == 0 ? attr.Valid : 0;

    /// <summary>The others may do more: ACLs change the mode, flags decide what can be done.</summary>
    private static string? PlainXattr(ReadOnlySpan<byte> name) => name.StartsWith("user."u8) ? System.Text.Encoding.Latin1.GetString(name) : null;

    private static StepKind Kind(RecordView record, ulong self, bool joining)
    {
        if (!IsUpdate(record))
        {
            return record.Op == Op.Dirty ? StepKind.Opens : StepKind.None;
        }

        // A join tells of an object later what it can't say now, a scan has seen no update; what is done in parts, others see in parts.
        if (record.Op != Op.List && (joining || IsPartial(record) || record.Flags.HasFlag(RecordFlags.Recovered)))
        {
            return StepKind.Other;
        }

        return record.Op switch
        {
            Op.Create when record.Flags.HasFlag(RecordFlags.Tmpfile) => StepKind.Other,
            Op.Create or Op.Mkdir or Op.Symlink or Op.Mknod => StepKind.Makes,
            Op.Link => StepKind.Names,
            Op.Rename when !record.Has(FieldType.Replaced) && record.Aux is 0 or RenameNoReplace => StepKind.Names,
            Op.Unlink when !IsLastName(record) => StepKind.Unnames,
            Op.Unlink or Op.Rmdir => StepKind.Removes,
            Op.SetAttr or Op.SetXattr or Op.RemoveXattr => StepKind.Changes,
            Op.Close => StepKind.Completes,
            Op.Enter when IsNewContent(record, self) => StepKind.Completes,
            Op.Enter when !record.Has(FieldType.Replaced) && record.TryGetObject(out var it) && it.Fid.Replica != 0 && it.Fid.Replica == Maker(record) =>
                StepKind.Enters,
            Op.List => StepKind.Lists,
            _ => StepKind.Other,
        };
    }
}
