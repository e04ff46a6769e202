// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform;

/// <summary>The state of an object as far as a record alone tells it.</summary>
internal static class RecordState
{
    /// <summary>CREATE, MKDIR, SYMLINK, MKNOD: the result knows mode and owner, the attributes the device.</summary>
    internal static ObjectState OfMade(RecordView record)
    {
        record.TryGetAttr(out var attr);
        var result = record.Result;
        return new ObjectState
        {
            Attr = attr with
            {
                Valid = AttrValid.Mode | AttrValid.Uid | AttrValid.Gid | AttrValid.ModifyTime | (attr.Valid & AttrValid.Device),
                Mode = result.Mode,
                Uid = result.Uid,
                Gid = result.Gid,
                ModifyTime = attr.Has(AttrValid.ModifyTime) ? attr.ModifyTime : record.Time,
            },
            Target = record.Op == Op.Symlink ? record.Target.ToArray() : null,
        };
    }

    /// <summary>ENTER, CLOSE: the attributes are all there; xattrs stay as they are.</summary>
    internal static ObjectState OfAttr(RecordView record)
    {
        record.TryGetAttr(out var attr);
        return new ObjectState { Attr = attr };
    }
}
