// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Simulation.Engine;

namespace InterMezzo.Simulation.Kernel;

/// <summary>Operations on directories (kernel/dir.c, rename.c, tell.c). Each returns 0 or a negative error number.</summary>
internal sealed partial class Mount
{
    public const uint NoReplace = 1;
    public const uint Exchange = 2;

    private static readonly KmlResult s_void = new() { State = KmlFormat.Void };

    public int Make(in Actor actor, Inode directory, string name, uint mode, byte[]? target, out Inode? made)
    {
        made = null;
        if (directory.Entries.ContainsKey(name))
        {
            return Errors.Exists;
        }

        if (Refuses(actor, directory, name) is not 0 and var refusal)
        {
            return refusal;
        }

        var operation = Begin(actor);
        operation.TouchesParent(directory);
        var type = mode & 0xf000;
        var inode = Disk.Make(new InodeState
        {
            Mode = mode,
            Links = type == 0x4000 ? 2u : 1u,
            Target = target,
            AccessTime = operation.Now,
            ModifyTime = operation.Now,
            ChangeTime = operation.Now,
        });
        var left = operation.TimeOf(directory);
        if (!HoldsControl(directory))
        {
            var op = type switch { 0x4000 => Op.Mkdir, 0xa000 => Op.Symlink, 0x8000 => Op.Create, _ => Op.Mknod };
            var offset = Record(actor, op, default, ResultOf(left, inode), 0, (ref RecordWriter record) =>
            {
                record.Add(FieldType.Parent, ObjectOf(directory));
                record.Add(FieldType.Name, Bytes(name));
                record.Add(FieldType.Attr, new KmlAttr { Valid = AttrValid.Mode | AttrValid.Uid | AttrValid.Gid, Mode = mode });
                if (target is not null)
                {
                    record.Add(FieldType.Target, target);
                }
            });
            operation.Note(offset);
            inode.Changed = actor.Applies ? 0 : offset;
            inode.Created = actor.Applies || type != 0x8000 ? 0 : offset;
        }

        Disk.Put(directory, name, inode);
        Leave(directory, left, operation.Now);
        Ended();
        made = inode;
        return 0;
    }

    public int Link(in Actor actor, Inode inode, Inode directory, string name)
    {
        if (Refuses(actor, directory, name) is not 0 and var refusal)
        {
            return refusal;
        }

        if (directory.Entries.ContainsKey(name))
        {
            return Errors.Exists;
        }

        if (inode.State.Links == 0 || inode.IsDirectory)
        {
            return inode.IsDirectory ? Errors.NotPermitted : Errors.NoEntry;
        }

        var control = HoldsControl(directory);
        if (IsControl(inode) != control)
        {
            return Errors.CrossDevice;
        }

        var operation = Begin(actor);
        operation.TouchesParent(directory);
        operation.Touches(inode);
        if (operation.Error != 0 && !control)
        {
            return operation.Error;
        }

        var left = operation.TimeOf(directory);
        if (!control)
        {
            operation.Note(Record(actor, Op.Link, default, ResultOf(left), 0, (ref RecordWriter record) =>
            {
                AddName(ref record, inode, directory, name);
                record.Add(FieldType.AttrBefore, AttrOf(inode));
            }));
        }

        Disk.Put(directory, name, inode);
        Disk.Set(inode, inode.State with { Links = inode.State.Links + 1, ChangeTime = operation.Now });
        Leave(directory, left, operation.Now);
        Ended();
        return 0;
    }

    public int Remove(in Actor actor, Inode directory, string name, bool isDirectory)
    {
        if (Refuses(actor, directory, name) is not 0 and var refusal)
        {
            return refusal;
        }

        if (!directory.Entries.TryGetValue(name, out var inode))
        {
            return Errors.NoEntry;
        }

        if (inode.IsDirectory != isDirectory)
        {
            return isDirectory ? Errors.NotDirectory : Errors.IsDirectory;
        }

        var control = HoldsControl(directory);
        if (inode is { State.Links: 1 } && MayBeWritten(inode) && !control && actor.Applies && _mutation != Mutation.WritersAreReplaced)
        {
            return Errors.Busy;
        }

        var operation = Begin(actor);
        operation.TouchesParent(directory);
        operation.Touches(inode);
        if (operation.Error != 0 && !control)
        {
            return operation.Error;
        }

        // What the lower file system refuses has its record by then.
        var fails = inode.Entries.Count > 0;
        var left = operation.TimeOf(directory);
        if (!control && _mutation != Mutation.RemovalsLeaveNoRecord)
        {
            operation.Note(Record(actor, isDirectory ? Op.Rmdir : Op.Unlink, default, fails ? s_void : ResultOf(left), 0, (ref RecordWriter record) =>
            {
                AddName(ref record, inode, directory, name);
                record.Add(FieldType.AttrBefore, AttrOf(inode));
            }));
        }

        if (fails)
        {
            Ended();
            return Errors.NotEmpty;
        }

        Disk.Put(directory, name, null);
        Drop(inode, operation.Now);
        Leave(directory, left, operation.Now);
        Ended();
        return 0;
    }

    public int Rename(in Actor actor, Inode fromDirectory, string from, Inode toDirectory, string to, uint flags)
    {
        bool fromControl = HoldsControl(fromDirectory), toControl = HoldsControl(toDirectory);
        if (IsControlName(fromDirectory, from) || IsControlName(toDirectory, to) || (fromControl != toControl && !actor.Applies))
        {
            return Errors.NotPermitted;
        }

        if (fromControl != toControl && (flags & Exchange) != 0)
        {
            return Errors.CrossDevice;
        }

        if ((!fromControl || !toControl) && actor is { IsLento: true, Applies: false })
        {
            return Errors.NotPermitted;
        }

        if (fromDirectory.State.Links == 0 || toDirectory.State.Links == 0 || !fromDirectory.Entries.TryGetValue(from, out var moved))
        {
            return Errors.NoEntry;
        }

        var target = toDirectory.Entries.GetValueOrDefault(to);
        var error = MayRename(fromDirectory, moved, toDirectory, target, flags);
        if (error != 0 || moved == target)
        {
            return error;
        }

        if (target is not null && MayBeWritten(target) && (flags & Exchange) == 0 && actor.Applies && _mutation != Mutation.WritersAreReplaced)
        {
            return Errors.Busy;
        }

        var operation = Begin(actor);
        Touch(ref operation, fromDirectory, fromControl, moved, toDirectory, toControl, target);
        if (fromControl && !toControl && target is null && (flags & NoReplace) == 0)
        {
            operation.Lacks(toDirectory);
        }

        if (operation.Error != 0 && !(fromControl && toControl))
        {
            return operation.Error;
        }

        var fails = target is not null && (flags & Exchange) == 0 && target.Entries.Count > 0;
        var fromLeft = operation.TimeOf(fromDirectory);
        var toLeft = operation.TimeOf(toDirectory, isSecond: !fromControl);
        Tell(operation, fromDirectory, from, fromControl, moved, toDirectory, to, toControl, target, flags, fails ? s_void : ResultOf(toControl ? fromLeft : toLeft));
        if (fails)
        {
            Ended();
            return Errors.NotEmpty;
        }

        Move(operation.Now, fromDirectory, from, moved, toDirectory, to, target, flags);
        Leave(fromDirectory, fromControl ? operation.Now : fromLeft, operation.Now);
        Leave(toDirectory, toControl ? operation.Now : toLeft, operation.Now);
        if (_mutation == Mutation.KeptVersionsVanish && toControl && toDirectory.Names[0].Name == "kept")
        {
            Disk.Put(toDirectory, to, null);
            Drop(moved, operation.Now);
        }

        Ended();
        return 0;
    }

    /// <summary>Journals a name that is there.</summary>
    public int Tell(in Actor actor, Inode directory, string name, Op op, RecordFlags flags)
    {
        if (!directory.Entries.TryGetValue(name, out var inode) || directory.State.Links == 0)
        {
            return Errors.NoEntry;
        }

        if (HoldsControl(directory) || actor.Applies || (inode.IsDirectory && op == Op.Link))
        {
            return Errors.Invalid;
        }

        var operation = Begin(actor);
        operation.TouchesParent(directory);
        operation.Touches(inode);
        operation.Note(Record(actor, op, flags | (op == Op.Enter && inode.IsDirectory ? RecordFlags.Directory : 0), ResultOf(directory.State.ModifyTime), 0, (ref RecordWriter record) =>
        {
            AddName(ref record, inode, directory, name);
            record.Add(op == Op.Link ? FieldType.AttrBefore : FieldType.Attr, AttrOf(inode));
        }));
        Ended();
        return 0;
    }

    private static void Touch(
        ref Operation operation, Inode fromDirectory, bool fromControl, Inode moved, Inode toDirectory, bool toControl, Inode? target)
    {
        if (fromControl)
        {
            operation.Enters(moved);
        }
        else
        {
            operation.Touches(moved);
            operation.TouchesParent(fromDirectory);
        }

        if (!toControl)
        {
            operation.TouchesParent(toDirectory, isSecond: !fromControl);
            if (target is not null)
            {
                operation.Touches(target);
            }
        }
    }

    private void Tell(
        in Operation operation, Inode fromDirectory, string from, bool fromControl, Inode moved, Inode toDirectory, string to, bool toControl, Inode? target, uint flags, KmlResult result)
    {
        if (fromControl && toControl)
        {
            return;
        }

        var op = fromControl ? Op.Enter : toControl ? Op.Leave : Op.Rename;
        operation.Note(Record(operation.Actor, op, moved.IsDirectory ? RecordFlags.Directory : 0, result, op == Op.Leave ? 0 : flags, (ref RecordWriter record) =>
        {
            var (directory, name) = fromControl ? (toDirectory, to) : (fromDirectory, from);
            AddName(ref record, moved, directory, name);
            if (op == Op.Rename)
            {
                record.Add(FieldType.Parent2, ObjectOf(toDirectory));
                record.Add(FieldType.Name2, Bytes(to));
            }
            else
            {
                record.Add(op == Op.Enter ? FieldType.Attr : FieldType.AttrBefore, AttrOf(moved));
            }

            if (target is not null && op != Op.Leave)
            {
                record.Add(FieldType.Replaced, ObjectOf(target));
            }
        }));
    }

    private void Move(KmlTime now, Inode fromDirectory, string from, Inode moved, Inode toDirectory, string to, Inode? target, uint flags)
    {
        var exchanges = (flags & Exchange) != 0;
        Disk.Put(fromDirectory, from, null);
        Disk.Put(toDirectory, to, moved);
        Disk.Set(moved, moved.State with { ChangeTime = now });
        if (exchanges)
        {
            Disk.Put(fromDirectory, from, target);
        }
        else if (target is not null)
        {
            Drop(target, now);
        }
    }

    private static int MayRename(Inode fromDirectory, Inode moved, Inode toDirectory, Inode? target, uint flags)
    {
        var exchanges = (flags & Exchange) != 0;
        if (target is not null && (flags & NoReplace) != 0)
        {
            return Errors.Exists;
        }

        if (IsWithin(toDirectory, moved))
        {
            return Errors.Invalid;
        }

        if (target is null)
        {
            return exchanges ? Errors.NoEntry : 0;
        }

        if (IsWithin(fromDirectory, target))
        {
            return exchanges ? Errors.Invalid : Errors.NotEmpty;
        }

        return exchanges || target == moved || moved.IsDirectory == target.IsDirectory ? 0 : moved.IsDirectory ? Errors.NotDirectory : Errors.IsDirectory;
    }

    private static bool IsWithin(Inode inode, Inode directory)
    {
        while (inode != directory)
        {
            if (inode.Names.Count == 0)
            {
                return false;
            }

            inode = inode.Names[0].Directory;
        }

        return true;
    }

    private bool IsControlName(Inode directory, string name) => directory == Root && name == ".intermezzo";

    private int Refuses(in Actor actor, Inode directory, string name) =>
        IsControlName(directory, name) ? Errors.NotPermitted
        : directory.State.Links == 0 ? Errors.NoEntry
        : actor is { IsLento: true, Applies: false } && !HoldsControl(directory) ? Errors.NotPermitted
        : 0;

    private void AddName(ref RecordWriter record, Inode inode, Inode directory, string name)
    {
        record.Add(FieldType.Object, ObjectOf(inode));
        record.Add(FieldType.Parent, ObjectOf(directory));
        record.Add(FieldType.Name, Bytes(name));
    }

    private static KmlResult ResultOf(KmlTime left, Inode? made = null) => new(
        0, made?.Ino ?? 0, made?.Gen ?? 0, made?.State.Mode ?? 0, made?.State.Uid ?? 0, made?.State.Gid ?? 0, left, ResultFlags.Time);

    private void Drop(Inode inode, KmlTime now)
    {
        Disk.Set(inode, inode.State with { Links = inode.IsDirectory ? 0 : inode.State.Links - 1, ChangeTime = now });
        if (inode.State.Links == 0 && inode.Writers == 0)
        {
            inode.Dirty = 0;
        }
    }

    private void Leave(Inode directory, KmlTime time, KmlTime now) => Disk.Set(directory, directory.State with { ModifyTime = time, ChangeTime = now });
}
