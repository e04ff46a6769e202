// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;

namespace InterMezzo.Replication;

/// <summary>
/// What the rest of the core wants to know of a record. "self" is the replica
/// whose log the record is in: replica 0 means it.
/// </summary>
public static partial class RecordFacts
{
    private const uint TypeMask = 0xf000;

    /// <summary>RENAME_EXCHANGE of renameat2().</summary>
    private const uint RenameExchange = 2;
    private const uint Regular = 0x8000;
    private const uint Directory = 0x4000;

    /// <summary>An update that happened; all else is the log's own business.</summary>
    public static bool IsUpdate(RecordView record) => record.Op switch
    {
        Op.Create or Op.Mkdir or Op.Symlink or Op.Mknod => !record.IsVoid && record.TryGetMade(out _),
        Op.Link or Op.Unlink or Op.Rmdir or Op.Rename or Op.SetAttr or Op.SetXattr or Op.RemoveXattr => !record.IsVoid,
        Op.Close or Op.Enter or Op.Leave or Op.List => !record.IsVoid,
        _ => false,
    };

    /// <summary>Who made it; 0: the log's own replica.</summary>
    public static ulong Maker(RecordView record) => record.Dot.Replica;

    /// <summary>From whose log it was applied, the maker's or that of a replica between; 0: it was made here.</summary>
    public static ulong From(RecordView record) => record.Dot.Replica == 0 ? 0 : record.Peer is not 0 and var peer ? peer : record.Dot.Replica;

    public static Dot Dot(RecordView record, ulong self) =>
        record.Dot.Replica == 0 ? record.Dot with { Replica = self } : record.Dot;

    public static bool IsPartial(RecordView record) => record.Flags.HasFlag(RecordFlags.Partial);

    /// <summary>The object that the record is about; for operations that make one, the new one.</summary>
    public static Fid Object(RecordView record, ulong self) =>
        record.TryGetMade(out var made) || record.TryGetObject(out made) ? made.Fid.Canonical(self) : default;

    public static Fid Parent(RecordView record, ulong self) =>
        record.TryGetParent(out var parent) ? parent.Fid.Canonical(self) : default;

    /// <summary>A program's operation on names.</summary>
    public static bool ChangesNames(RecordView record) =>
        record.Op is Op.Create or Op.Mkdir or Op.Symlink or Op.Mknod or Op.Link or Op.Unlink or Op.Rmdir or Op.Rename;

    /// <summary>An operation on names of an object that was there before.</summary>
    public static bool MovesNames(RecordView record) => record.Op is Op.Link or Op.Unlink or Op.Rmdir or Op.Rename;

    /// <summary>An operation that means nothing where its object isn't, and takes it away from nowhere.</summary>
    public static bool NeedsObject(RecordView record) =>
        record.Op is Op.Link or Op.Rename or Op.SetAttr or Op.SetXattr or Op.RemoveXattr;

    /// <summary>Of a rename: the directory that it leads to.</summary>
    public static Fid SecondParent(RecordView record, ulong self) =>
        record.TryGetParent2(out var parent) ? parent.Fid.Canonical(self) : default;

    /// <summary>What a peer gets to see of it.</summary>
    public static Forward Forward(RecordView record, Direction direction, ulong peer)
    {
        if (record.Op == Op.Mark)
        {
            return Progress(record) is { } mark ? Forwarding.Decide(direction, peer, mark)
                : Lost(record) is { } lost ? Forwarding.Decide(direction, peer, lost)
                : Replication.Forward.Nothing;
        }

        return Forwarding.Decide(direction, peer, IsUpdate(record), From(record), record.Source, IsPartial(record));
    }

    public static void Advance(ref KnownPosition known, RecordView record, ulong server)
    {
        if (record.Op == Op.Mark)
        {
            if (Progress(record) is { } mark && mark.Peer == server)
            {
                known.OnMark(mark);
            }
        }
        else if (record.Source != 0 && IsUpdate(record) && From(record) == server)
        {
            known.OnApplied(record.Source, IsPartial(record));
        }
    }

    /// <param name="progress">Learns what the record tells of peers and updates.</param>
    /// <param name="record">Of the own log.</param>
    /// <param name="self">This replica.</param>
    public static void Observe(PeerProgress progress, RecordView record, ulong self)
    {
        if (record.Op == Op.Mark)
        {
            if (Progress(record) is { } mark)
            {
                progress.OnMark(mark);
            }
        }
        else if (IsUpdate(record))
        {
            var dot = Dot(record, self);
            progress.OnRecord(From(record), dot.Replica, dot.Counter, record.Source, IsPartial(record));
        }
    }

    public static LogEntry Entry(RecordView record, ulong offset, ulong self, bool ships)
    {
        var (effect, size) = Effect(record, self);
        var attr = effect == ContentEffect.Leaves && record.TryGetAttrBefore(out var before) ? before : StateAttr(record) ?? default;
        return new LogEntry(offset, record.Length, ships, effect, Object(record, self), size, attr.ModifyTime);
    }

    /// <summary>The object whose content travels with a record.</summary>
    public static Fid ContentOf(ReadOnlySpan<byte> record) => Object(RecordView.Parse(record), 0);

    public static byte[] Canonical(RecordView record, ulong self)
    {
        var bytes = record.Bytes.ToArray();
        Journal.Canonical.Rewrite(bytes, self);
        return bytes;
    }

    /// <summary>Whether more must travel than the record tells: what an object that enters is like, inherited xattrs.</summary>
    public static bool NeedsState(RecordView record, ulong self, out Fid fid)
    {
        fid = Object(record, self);
        return record.Op is Op.Enter or Op.List || record.TryGetMade(out _);
    }

    /// <summary>The attributes after an operation, where the record tells them.</summary>
    public static KmlAttr? StateAttr(RecordView record)
    {
        if (!record.TryGetAttr(out var attr) || record.Op == Op.SetAttr)
        {
            return null;
        }

        if (!record.TryGetMade(out _))
        {
            return attr;
        }

        var result = record.Result;
        return attr with
        {
            Valid = attr.Valid | AttrValid.Mode | AttrValid.Uid | AttrValid.Gid,
            Mode = result.Mode,
            Uid = result.Uid,
            Gid = result.Gid,
        };
    }

    /// <summary>A later or an earlier record of the peer brings what this one says: it isn't applied by itself.</summary>
    public static bool IsCoveredElsewhere(RecordView record, Carry carry) => record.Op switch
    {
        Op.Close => carry != Carry.Here,
        Op.SetAttr => carry is Carry.Folded or Carry.Later or Carry.Gone,
        Op.List => carry == Carry.Gone,
        Op.Enter when IsNewContent(record, 0) => carry is Carry.Folded or Carry.Later or Carry.Gone,
        Op.Enter => carry == Carry.Gone && IsFound(record),
        Op.Create => carry is Carry.Folded or Carry.Gone && record.Flags.HasFlag(RecordFlags.Tmpfile),
        _ => false,
    };

    /// <summary>
    /// What is left of a CLOSE whose content a later record brings: the mode and the owner that the file was given while it
    /// was open, as a SETATTR. Null: nothing.
    /// </summary>
    public static byte[]? AttributesAlone(RecordView record, Carry carry)
    {
        if (record.Op != Op.Close || carry != Carry.Later || !record.Flags.HasFlag(RecordFlags.Attr) || !record.TryGetAttr(out var attr))
        {
            return null;
        }

        record.TryGetObject(out var target);
        var writer = new RecordWriter(new byte[1024], Op.SetAttr) { Dot = record.Dot, Source = record.Source, Time = record.Time, Result = record.Result };
        writer.Add(FieldType.Object, target);
        writer.Add(FieldType.Attr, attr with { Valid = AttrValid.Mode | AttrValid.Uid | AttrValid.Gid });
        return writer.Finish().ToArray();
    }

    /// <summary>What a scan found in the tree, and told: as it is there, whatever made it so.</summary>
    public static bool IsFound(RecordView record) => record.Op is Op.Enter or Op.Link or Op.List && record.Flags.HasFlag(RecordFlags.Recovered);

    /// <summary>The removal of a name, as its maker would have told it.</summary>
    public static byte[] Removal(Dot dot, Fid directory, ReadOnlySpan<byte> name, Fid fid, in KmlAttr attr)
    {
        var writer = new RecordWriter(new byte[1024], (attr.Mode & TypeMask) == Directory ? Op.Rmdir : Op.Unlink) { Dot = dot };
        writer.Add(FieldType.Object, new KmlObject(fid, fid.Ino, fid.Gen, attr.Mode));
        writer.Add(FieldType.Parent, new KmlObject(directory, directory.Ino, directory.Gen, Directory));
        writer.Add(FieldType.Name, name);
        writer.Add(FieldType.AttrBefore, attr);
        return writer.Finish().ToArray();
    }

    /// <summary>What stands at a name elsewhere, as if a scan there had told of it.</summary>
    public static byte[] Finding(Dot dot, Fid directory, ReadOnlySpan<byte> name, Fid fid, in KmlAttr attr, KmlTime directoryTime) =>
        Standing(new RecordWriter(new byte[1024], Op.Enter) { Dot = dot, Time = directoryTime, Flags = RecordFlags.Recovered }, directory, name, fid, attr);

    /// <summary>The state of what stands at a name elsewhere, as if somebody had closed it: wherever it is here, and whatever its content.</summary>
    public static byte[] StateAt(Dot dot, Fid directory, ReadOnlySpan<byte> name, Fid fid, in KmlAttr attr) =>
        Standing(new RecordWriter(new byte[1024], Op.Close) { Dot = dot }, directory, name, fid, attr);

    private static byte[] Standing(RecordWriter writer, Fid directory, ReadOnlySpan<byte> name, Fid fid, in KmlAttr attr)
    {
        writer.Add(FieldType.Object, new KmlObject(fid, fid.Ino, fid.Gen, attr.Mode));
        writer.Add(FieldType.Parent, new KmlObject(directory, directory.Ino, directory.Gen, Directory));
        writer.Add(FieldType.Name, name);
        writer.Add(FieldType.Attr, attr);
        return writer.Finish().ToArray();
    }

    /// <summary>A RENAME of two objects, each of which takes the other's name.</summary>
    public static bool IsExchange(RecordView record) => record.Op == Op.Rename && (record.Aux & RenameExchange) != 0;

    /// <summary>An exchange where one of the two is not: the other one takes its name.</summary>
    /// <param name="record">The exchange.</param>
    /// <param name="second">That which had the second name is left.</param>
    public static byte[] HalfExchange(RecordView record, bool second)
    {
        record.TryGetObject(out var one);
        record.TryGetReplaced(out var other);
        record.TryGetParent(out var parent);
        record.TryGetParent2(out var parent2);
        var left = second ? other : one;
        var writer = new RecordWriter(new byte[2048], Op.Rename)
        {
            Dot = record.Dot,
            Source = record.Source,
            Time = record.Time,
            Result = record.Result,
            Flags = IsDirectory(left.Mode) ? RecordFlags.Directory : default,
        };
        writer.Add(FieldType.Object, left);
        writer.Add(FieldType.Parent, second ? parent2 : parent);
        writer.Add(FieldType.Name, second ? record.Name2 : record.Name);
        writer.Add(FieldType.Parent2, second ? parent : parent2);
        writer.Add(FieldType.Name2, second ? record.Name : record.Name2);
        return writer.Finish().ToArray();
    }

    /// <summary>A SETATTR that gives an object all the mode, owner and mtime that it had after the operation, also what that left as it was.</summary>
    /// <param name="record">A SETATTR that tells what was before.</param>
    /// <param name="withTime">False: an mtime that it left as it was is none of these.</param>
    public static byte[] Whole(RecordView record, bool withTime)
    {
        record.TryGetObject(out var target);
        record.TryGetAttr(out var attr);
        record.TryGetAttrBefore(out var before);
        var writer = new RecordWriter(new byte[1024], Op.SetAttr) { Dot = record.Dot, Source = record.Source, Time = record.Time, Result = record.Result };
        writer.Add(FieldType.Object, target);
        writer.Add(FieldType.Attr, Merge(Merge(default, before with { Valid = withTime ? before.Valid : before.Valid & ~AttrValid.ModifyTime }), attr));
        return writer.Finish().ToArray();
    }

    /// <summary>Mode, owner and mtime after a further change of them.</summary>
    public static KmlAttr Merge(in KmlAttr before, in KmlAttr change) => before with
    {
        Valid = before.Valid | (change.Valid & (AttrValid.Mode | AttrValid.Uid | AttrValid.Gid | AttrValid.ModifyTime)),
        Mode = change.Has(AttrValid.Mode) ? change.Mode : before.Mode,
        Uid = change.Has(AttrValid.Uid) ? change.Uid : before.Uid,
        Gid = change.Has(AttrValid.Gid) ? change.Gid : before.Gid,
        ModifyTime = change.Has(AttrValid.ModifyTime) ? change.ModifyTime : before.ModifyTime,
    };

    /// <summary>The object that the operation takes the name of, for good. None: there is none.</summary>
    public static Fid Replaced(RecordView record, ulong self) =>
        !IsExchange(record) && record.TryGetReplaced(out var replaced) && replaced.Fid.Canonical(self) is var fid && fid != Object(record, self) ? fid : default;

    public static bool IsDirectory(uint mode) => (mode & TypeMask) == Directory;

    public static bool IsRegular(uint mode) => (mode & TypeMask) == Regular;

    /// <param name="record">The update.</param>
    /// <param name="self">Whose log it is in. 0: it is canonical.</param>
    public static UpdateKind Kind(RecordView record, ulong self = 0) => record.Op switch
    {
        Op.Create or Op.Mkdir or Op.Symlink or Op.Mknod => UpdateKind.Creates,
        Op.Enter => IsNewContent(record, self) ? UpdateKind.Writes : UpdateKind.Creates,
        Op.Close => UpdateKind.Writes,
        Op.Rmdir or Op.Leave => UpdateKind.Removes,
        Op.Unlink => IsLastName(record) ? UpdateKind.Removes : UpdateKind.Changes,
        Op.SetAttr => UpdateKind.Sets,
        Op.SetXattr or Op.RemoveXattr => UpdateKind.Tags,
        Op.Rename => UpdateKind.Renames,
        Op.Link => UpdateKind.Links,
        _ => UpdateKind.Changes,
    };

    public static ReadOnlySpan<byte> FirstName(RecordView record) => record.Name;

    public static ReadOnlySpan<byte> SecondName(RecordView record) => record.Name2;

    /// <summary>Where the record leaves an object, or where it took it from for good.</summary>
    public static (Fid Parent, byte[] Name)? Place(RecordView record, ulong self, Fid fid)
    {
        var renames = record.TryGetParent2(out var second);
        var isObject = Object(record, self) == fid;
        var isReplaced = record.TryGetReplaced(out var replaced) && replaced.Fid.Canonical(self) == fid;
        if (!isObject && !isReplaced)
        {
            return null;
        }

        if (renames && !(isReplaced && IsExchange(record)))
        {
            return (second.Fid.Canonical(self), record.Name2.ToArray());
        }

        return record.Has(FieldType.Parent) && record.Has(FieldType.Name) ? (Parent(record, self), record.Name.ToArray()) : null;
    }

    /// <summary>The directories whose mtime the operation set: those whose entries changed, or one that was given it.</summary>
    /// <param name="record">The update.</param>
    /// <param name="self">Whose log it is in.</param>
    /// <param name="directories">Two at most; a rename's source comes first.</param>
    /// <param name="time">The mtime that the operation left.</param>
    /// <returns>How many.</returns>
    public static int ParentTimes(RecordView record, ulong self, Span<Fid> directories, out KmlTime time)
    {
        if (SetsDirectoryTime(record, out var directory, out time))
        {
            directories[0] = directory.Canonical(self);
            return 1;
        }

        if (record.Op == Op.Close || !IsUpdate(record) || !record.TryGetParent(out var parent))
        {
            return 0;
        }

        var result = record.Result;
        time = result.Flags.HasFlag(ResultFlags.Time) ? result.Time : record.Time;
        directories[0] = parent.Fid.Canonical(self);
        if (!record.TryGetParent2(out var second))
        {
            return 1;
        }

        directories[1] = second.Fid.Canonical(self);
        return 2;
    }

    /// <summary>A SETATTR that gives an object an mtime, and changes nothing else of it.</summary>
    public static bool SetsOnlyTime(RecordView record) =>
        SetsTime(record) && record.TryGetAttr(out var attr) && (attr.Valid & (AttrValid.Mode | AttrValid.Uid | AttrValid.Gid)) == 0;

    /// <summary>A SETATTR that changes an object's length.</summary>
    public static bool Resizes(RecordView record) => record.Op == Op.SetAttr && record.TryGetAttr(out var attr) && attr.Has(AttrValid.Size);

    /// <summary>New content of a file that was there before.</summary>
    public static bool Rewrites(RecordView record, ulong self = 0) => Kind(record, self) == UpdateKind.Writes || Resizes(record);

    /// <summary>An update of a name takes it from its object, and gives it to none.</summary>
    public static bool OnlyTakes(RecordView record, ulong self, Fid directory, ReadOnlySpan<byte> name) =>
        record.Op is Op.Unlink or Op.Rmdir ||
        (record.Op == Op.Rename && !IsExchange(record) && Parent(record, self) == directory && record.Name.SequenceEqual(name) &&
            (SecondParent(record, self) != directory || !record.Name2.SequenceEqual(name)));

    /// <summary>A SETATTR that changes nothing of an object's content.</summary>
    public static bool SetsAttributes(RecordView record) => record.Op == Op.SetAttr && record.TryGetAttr(out var attr) && !attr.Has(AttrValid.Size);

    /// <summary>A SETATTR that gives an object its mtime, and changes nothing of its content.</summary>
    public static bool SetsTime(RecordView record) =>
        record.Op == Op.SetAttr && record.TryGetAttr(out var attr) && attr.Has(AttrValid.ModifyTime) && !attr.Has(AttrValid.Size);

    /// <summary>A SETATTR that gives a directory its mtime.</summary>
    public static bool SetsDirectoryTime(RecordView record, out Fid directory, out KmlTime time)
    {
        record.TryGetObject(out var target);
        record.TryGetAttr(out var attr);
        directory = target.Fid;
        time = attr.ModifyTime;
        return record.Op == Op.SetAttr && (target.Mode & TypeMask) == Directory && attr.Has(AttrValid.ModifyTime);
    }

    /// <summary>Of a MARK that tells of it.</summary>
    public static LossMark? Lost(RecordView record) => record.Op == Op.Mark && !record.IsVoid ? LossMark.Decode(record.Payload) : null;

    /// <summary>Of a MARK that counts.</summary>
    private static ProgressMark? Progress(RecordView record) => record.IsVoid ? null : ProgressMark.Decode(record.Payload);

    private static (ContentEffect Effect, ulong Size) Effect(RecordView record, ulong self)
    {
        if (!IsUpdate(record))
        {
            return (record.Op == Op.Dirty ? ContentEffect.Opens : ContentEffect.None, 0);
        }

        record.TryGetAttr(out var attr);
        return record.Op switch
        {
            Op.Create when record.Flags.HasFlag(RecordFlags.Tmpfile) => (ContentEffect.Completes, attr.Size),
            Op.Create => (ContentEffect.Begins, 0),
            Op.Close => (ContentEffect.Completes, attr.Size),
            Op.Enter when IsRegular(record) => (IsNewContent(record, self) ? ContentEffect.Completes : ContentEffect.Enters, attr.Size),
            Op.SetAttr when attr.Has(AttrValid.Size) => (ContentEffect.Resizes, attr.Size),
            Op.SetAttr => (ContentEffect.Attributes, 0),
            Op.Unlink when IsLastName(record) => (ContentEffect.Ends, 0),
            Op.Leave when record.TryGetAttrBefore(out var before) && IsRegular(before.Mode) => (ContentEffect.Leaves, before.Size),
            _ => (ContentEffect.None, 0),
        };
    }

    private static bool IsRegular(RecordView record) =>
        record.TryGetObject(out var entered) && IsRegular(entered.Mode);

    /// <summary>An ENTER of an object over itself: a new version of its content took its place.</summary>
    private static bool IsNewContent(RecordView record, ulong self) =>
        record.TryGetReplaced(out var replaced) && record.TryGetObject(out var entered) && replaced.Fid.Canonical(self) == entered.Fid.Canonical(self);

    private static bool IsLastName(RecordView record) => !record.TryGetAttrBefore(out var before) || before.Links <= 1;
}
