// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using System.Text;
using InterMezzo.Journal;
using InterMezzo.Simulation.Engine;
using InterMezzo.Simulation.Kernel;

namespace InterMezzo.Simulation.Checks;

/// <summary>
/// What a log makes of an empty tree, record by record: the names, and of each object its mode, owner, size and mtime.
/// (Contents are in no log; what has an xattr enters with it; and what enters in a directory that enters, as a join's
/// whole tree does, is told of later only if it changes.)
/// </summary>
internal sealed class LogReplay
{
    private readonly Dictionary<(Id Directory, string Name), Told> _entries = [];
    private readonly Dictionary<Id, (KmlAttr Attr, ulong Recno)> _attributes = [];

    // Directories that may have entered with what was in them.
    private readonly HashSet<Id> _full = [];

    // Since when the log tells what is in a directory that has entered, and below it: since it left, or it came out of one that had left.
    private readonly Dictionary<Id, ulong> _since = [];
    private readonly Dictionary<Id, ulong> _left = [];
    private ulong _recno;

    private readonly record struct Id(ulong Ino, uint Gen);

    /// <param name="It">What the name stands for.</param>
    /// <param name="Recno">By which record.</param>
    private readonly record struct Told(Id It, ulong Recno);

    /// <summary>The first place where tree and log disagree. Null: there is none.</summary>
    public static string? Compare(Machine machine)
    {
        var replay = new LogReplay();
        var reader = new KmlReader(machine.Disk.Log.From(KmlFormat.SuperSize), KmlFormat.SuperSize);
        while (reader.MoveNext())
        {
            if (!reader.Current.IsVoid)
            {
                replay.Apply(reader.Current);
            }
        }

        return replay.CompareDirectory(machine, machine.Mount.Root, "", 0);
    }

    private void Apply(RecordView record)
    {
        record.TryGetObject(out var it);
        record.TryGetAttr(out var attr);
        _recno = record.Recno;
        switch (record.Op)
        {
            case Op.Create or Op.Mkdir or Op.Symlink or Op.Mknod when record.TryGetMade(out var made):
                var result = record.Result;
                _attributes[IdOf(made)] = (new KmlAttr
                {
                    Mode = result.Mode,
                    Uid = result.Uid,
                    Gid = result.Gid,
                    Size = (ulong)record.Target.Length,
                    ModifyTime = record.Time,
                }, _recno);
                _entries[Place(record)] = Now(IdOf(made));
                break;
            case Op.Link:
                _entries[Place(record)] = Now(IdOf(it));
                break;
            case Op.Enter:
                _entries[Place(record)] = Now(IdOf(it));
                _attributes[IdOf(it)] = (attr, _recno);
                if (record.Flags.HasFlag(RecordFlags.Directory))
                {
                    _full.Add(IdOf(it));
                    _since[IdOf(it)] = _left.Remove(IdOf(it), out var left) ? left : _recno;
                }

                break;
            case Op.Unlink or Op.Rmdir:
                _entries.Remove(Place(record));
                break;
            case Op.Leave:
                _entries.Remove(Place(record));
                _left[IdOf(it)] = _recno;
                Forget(IdOf(it));
                break;
            case Op.Rename:
                Move(record, it);
                break;
            case Op.SetAttr or Op.Close:
                Set(IdOf(it), attr);
                break;
        }
    }

    private void Move(RecordView record, KmlObject moved)
    {
        record.TryGetParent2(out var parent);
        _entries.Remove(Place(record));
        if ((record.Aux & Mount.Exchange) != 0 && record.TryGetReplaced(out var other))
        {
            _entries[Place(record)] = Now(IdOf(other));
            Meet(IdOf(other));
        }

        Meet(IdOf(moved));
        _entries[(IdOf(parent), Encoding.Latin1.GetString(record.Name2))] = Now(IdOf(moved));
    }

    private Told Now(Id id) => new(id, _recno);

    /// <summary>What is done to it, and to all that is in it, until it enters again, no record tells.</summary>
    private void Forget(Id id)
    {
        _attributes.Remove(id);
        _full.Add(id);
        foreach (var place in _entries.Keys.Where(place => place.Directory == id).ToArray())
        {
            _entries.Remove(place, out var child);
            Forget(child.It);
        }
    }

    /// <summary>What was never told of came in a directory, with all that is in it.</summary>
    private void Meet(Id id)
    {
        if (!_attributes.ContainsKey(id))
        {
            _full.Add(id);
        }
    }

    private void Set(Id id, in KmlAttr attr)
    {
        if (!_attributes.TryGetValue(id, out var known))
        {
            return;
        }

        // Of what may have changed unseen, one attribute tells nothing about the others.
        var (now, recno) = known;
        _attributes[id] = (new KmlAttr
        {
            Mode = attr.Has(AttrValid.Mode) ? attr.Mode : now.Mode,
            Uid = attr.Has(AttrValid.Uid) ? attr.Uid : now.Uid,
            Gid = attr.Has(AttrValid.Gid) ? attr.Gid : now.Gid,
            Size = attr.Has(AttrValid.Size) ? attr.Size : now.Size,
            ModifyTime = attr.Has(AttrValid.ModifyTime) ? attr.ModifyTime : now.ModifyTime,
        }, recno);
    }

    private string? CompareDirectory(Machine machine, Inode directory, string path, ulong since)
    {
        since = Math.Max(since, _since.GetValueOrDefault(IdOf(directory)));
        var told = _entries.Where(entry => entry.Key.Directory == IdOf(directory)).ToDictionary(entry => entry.Key.Name, entry => entry.Value);
        foreach (var (name, inode) in directory.Entries)
        {
            if (path.Length == 0 && name == ".intermezzo")
            {
                continue;
            }

            var isTold = told.Remove(name, out var by);
            if (isTold ? by.It != IdOf(inode) && by.Recno >= since : !_full.Contains(IdOf(directory)))
            {
                return $"{path}{name}: the log doesn't tell of it";
            }

            if (!isTold && inode.IsDirectory)
            {
                _full.Add(IdOf(inode));
            }

            if (_attributes.TryGetValue(IdOf(inode), out var attr) && attr.Recno >= since && Describe(machine.Mount.AttrOf(inode)) is var tree && Describe(attr.Attr) is var log && tree != log)
            {
                return $"{path}{name}: {tree}, by the log {log}";
            }

            if (inode.IsDirectory && CompareDirectory(machine, inode, $"{path}{name}/", since) is { } difference)
            {
                return difference;
            }
        }

        return told.Where(entry => entry.Value.Recno >= since).Select(entry => $"{path}{entry.Key}: the log tells of it").FirstOrDefault();
    }

    private static string Describe(in KmlAttr attr)
    {
        var owner = string.Create(CultureInfo.InvariantCulture, $"{Convert.ToString(attr.Mode, 8)} {attr.Uid}:{attr.Gid}");

        // A directory's mtime is in the results of its entries' records.
        return (attr.Mode & 0xf000) == 0x4000 ? owner : string.Create(CultureInfo.InvariantCulture, $"{owner} {attr.Size} {attr.ModifyTime.Seconds}.{attr.ModifyTime.Nanoseconds}");
    }

    private static (Id Directory, string Name) Place(RecordView record)
    {
        record.TryGetParent(out var parent);
        return (IdOf(parent), Encoding.Latin1.GetString(record.Name));
    }

    private static Id IdOf(in KmlObject it) => new(it.Ino, it.Gen);

    private static Id IdOf(Inode inode) => new(inode.Ino, inode.Gen);
}
