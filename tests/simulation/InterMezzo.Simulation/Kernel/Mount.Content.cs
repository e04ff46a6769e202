// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Simulation.Engine;

namespace InterMezzo.Simulation.Kernel;

/// <summary>Contents and attributes of objects (kernel/content.c, setattr.c, xattr.c).</summary>
internal sealed partial class Mount
{
    private const AttrValid Counted = AttrValid.Mode | AttrValid.Uid | AttrValid.Gid | AttrValid.Size | AttrValid.ModifyTime;

    public static void OpenForWriting(Inode inode) => inode.Writers++;

    /// <summary>One program has closed it.</summary>
    public void CloseWriter(in Actor actor, Inode inode)
    {
        inode.Writers--;
        if (inode.Writers > 0)
        {
            if (inode is { Dirty: not 0, MarkIsApplied: true } && actor.IsLento)
            {
                Close(actor, inode, 0);
            }

            return;
        }

        if (inode.Dirty != 0)
        {
            Close(actor, inode, 0);
        }

        if (inode.IsAwaited && _mutation != Mutation.ClosesStayUnheard)
        {
            inode.IsAwaited = false;
            Released++;
            Changed?.Invoke();
        }
    }

    /// <summary>A file that stays open is closed off in the log now and then.</summary>
    public void CloseOff(Inode inode)
    {
        if (inode is { Writers: > 0 } && inode.Dirty != 0 && !IsControl(inode))
        {
            Close(new Actor(default, false, 1), inode, RecordFlags.Open);
        }
    }

    /// <summary>By a writer.</summary>
    public int Write(in Actor actor, Inode inode, int offset, ReadOnlySpan<byte> bytes)
    {
        if (inode is { Dirty: not 0, MarkIsApplied: false } && actor.Applies)
        {
            return Errors.Busy;
        }

        if (MarkContent(actor, inode) is not 0 and var error)
        {
            return error;
        }

        var data = new byte[Math.Max(inode.State.Data.Length, offset + bytes.Length)];
        inode.State.Data.CopyTo(data, 0);
        bytes.CopyTo(data.AsSpan(offset));
        SetContent(inode, data);
        return bytes.Length;
    }

    /// <summary>By a writer.</summary>
    public int Truncate(in Actor actor, Inode inode, int size)
    {
        if (MarkContent(actor, inode) is not 0 and var error)
        {
            return error;
        }

        SetContent(inode, Resized(inode, size));
        return 0;
    }

    public int SetAttributes(in Actor actor, Inode inode, KmlAttr attr)
    {
        if ((attr.Valid & Counted) == 0 || IsUnlogged(inode))
        {
            SetUnlogged(inode, attr);
            return 0;
        }

        if (actor is { IsLento: true, Applies: false })
        {
            return Errors.NotPermitted;
        }

        if (attr.Has(AttrValid.Size) && inode.Writers > 0)
        {
            // The CLOSE tells of it, with what else is written.
            var now = _clock();
            _ = MarkContent(actor, inode);
            SetUnlogged(inode, attr with { Valid = attr.Valid | AttrValid.ModifyTime, ModifyTime = now });
            return 0;
        }

        if (inode.Created != 0 && inode.Dirty != 0 && !actor.IsLento)
        {
            inode.AttributesWereSet = true;
            SetUnlogged(inode, attr);
            return 0;
        }

        var operation = Begin(actor);
        if (attr.Has(AttrValid.Size) && !attr.Has(AttrValid.ModifyTime))
        {
            attr = attr with { Valid = attr.Valid | AttrValid.ModifyTime, ModifyTime = operation.Now };
        }

        operation.Touches(inode);
        if (operation.Error != 0)
        {
            return operation.Error;
        }

        var before = AttrOf(inode);
        operation.Note(Record(actor, Op.SetAttr, default, default, 0, (ref RecordWriter record) =>
        {
            record.Add(FieldType.Object, ObjectOf(inode));
            record.Add(FieldType.Attr, attr);
            record.Add(FieldType.AttrBefore, before);
        }));
        SetUnlogged(inode, attr);
        return 0;
    }

    /// <param name="actor">Who does it.</param>
    /// <param name="inode">The object.</param>
    /// <param name="name">Of the xattr.</param>
    /// <param name="value">Null: it goes.</param>
    public int SetXattr(in Actor actor, Inode inode, string name, byte[]? value)
    {
        if (value is null && !inode.State.Xattrs.ContainsKey(name))
        {
            return Errors.NoData;
        }

        var operation = Begin(actor);
        if (!name.StartsWith("trusted.intermezzo.", StringComparison.Ordinal) && !IsUnlogged(inode))
        {
            if (actor is { IsLento: true, Applies: false })
            {
                return Errors.NotPermitted;
            }

            operation.Touches(inode);
            if (operation.Error != 0)
            {
                return operation.Error;
            }

            operation.Note(Record(actor, value is null ? Op.RemoveXattr : Op.SetXattr, default, default, 0, (ref RecordWriter record) =>
            {
                record.Add(FieldType.Object, ObjectOf(inode));
                record.Add(FieldType.XattrName, Bytes(name));
                if (value is not null)
                {
                    record.Add(FieldType.XattrValue, value);
                }
            }));
        }

        var xattrs = value is null ? inode.State.Xattrs.Remove(name) : inode.State.Xattrs.SetItem(name, value);
        Disk.Set(inode, inode.State with { Xattrs = xattrs, ChangeTime = operation.Now });
        Ended();
        return 0;
    }

    private static byte[] Resized(Inode inode, int size)
    {
        var data = new byte[size];
        inode.State.Data.AsSpan(0, Math.Min(size, inode.State.Data.Length)).CopyTo(data);
        return data;
    }

    private int MarkContent(in Actor actor, Inode inode)
    {
        if (inode.State.Links == 0 || (actor.IsLento && IsUnlogged(inode)) || (inode.Dirty != 0 && (actor.IsLento || !inode.MarkIsApplied)))
        {
            return 0;
        }

        if (actor is { IsLento: true, Applies: false })
        {
            return Errors.NotPermitted;
        }

        var operation = Begin(actor);
        operation.Touches(inode);
        if (operation.Error != 0)
        {
            return operation.Error;
        }

        // Nothing has been logged since the file was created: the CREATE is the mark as well.
        inode.Dirty = inode.Created != 0 && inode.Created == Log.Place.Created && !actor.Applies
            ? inode.Created
            : Record(actor, Op.Dirty, default, default, 0, (ref RecordWriter record) => record.Add(FieldType.Object, ObjectOf(inode)));
        inode.MarkIsApplied = actor.Applies;
        operation.Note(inode.Dirty);
        return 0;
    }

    private void Close(in Actor actor, Inode inode, RecordFlags flags)
    {
        if (inode.State.Links > 0 && _mutation != Mutation.ContentsLeaveNoRecord)
        {
            var attributes = inode.AttributesWereSet ? RecordFlags.Attr : 0;
            var offset = Record(actor, Op.Close, flags | RecordFlags.Whole | attributes, default, 0, (ref RecordWriter record) =>
            {
                record.Add(FieldType.Object, ObjectOf(inode));
                if (inode.Names.Count > 0)
                {
                    var (directory, name) = PlaceOf(inode);
                    record.Add(FieldType.Parent, ObjectOf(directory));
                    record.Add(FieldType.Name, Bytes(name));
                }

                record.Add(FieldType.Attr, AttrOf(inode));
            });
            if (!actor.Applies)
            {
                inode.Changed = offset;
            }
        }

        (inode.Dirty, inode.Created, inode.AttributesWereSet) = (0, 0, false);
        Ended();
    }

    private void SetContent(Inode inode, byte[] data)
    {
        var now = _clock();
        Disk.Set(inode, inode.State with { Data = data, ModifyTime = now, ChangeTime = now });
        Ended();
    }

    private void SetUnlogged(Inode inode, in KmlAttr attr)
    {
        var state = inode.State;
        Disk.Set(inode, state with
        {
            Mode = attr.Has(AttrValid.Mode) ? state.Type | (attr.Mode & 0xfff) : state.Mode,
            Uid = attr.Has(AttrValid.Uid) ? attr.Uid : state.Uid,
            Gid = attr.Has(AttrValid.Gid) ? attr.Gid : state.Gid,
            Data = attr.Has(AttrValid.Size) ? Resized(inode, (int)attr.Size) : state.Data,
            AccessTime = attr.Has(AttrValid.AccessTime) ? attr.AccessTime : state.AccessTime,
            ModifyTime = attr.Has(AttrValid.ModifyTime) ? attr.ModifyTime : state.ModifyTime,
            ChangeTime = _clock(),
        });
        Ended();
    }
}
