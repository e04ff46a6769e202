// SPDX-License-Identifier: GPL-2.0-or-later
using System.Buffers.Binary;
using System.Text;
using InterMezzo.Journal;
using InterMezzo.Simulation.Engine;

namespace InterMezzo.Simulation.Kernel;

/// <summary>
/// A presto mount: each operation and its record are one step. What it leaves out of the module (kernel/) is what a
/// simulation of replication can't see: several operations in flight, mappings, quotas, ACLs, file flags.
/// </summary>
internal sealed partial class Mount
{
    private const string FidName = "trusted.intermezzo.fid";

    private readonly Func<KmlTime> _clock;
    private readonly Inode _control;
    private readonly Mutation _mutation;

    public Mount(Disk disk, Func<KmlTime> clock, Mutation mutation)
    {
        (Disk, _clock, _mutation) = (disk, clock, mutation);
        _control = disk.Root.Entries.GetValueOrDefault(".intermezzo") ?? MakeControl();
    }

    private delegate void Fill(ref RecordWriter record);

    public Disk Disk { get; }

    public Kml Log => Disk.Log;

    public Inode Root => Disk.Root;

    /// <summary>Grows when an object that lento has found with writers has none any more.</summary>
    public uint Released { get; private set; }

    public MountFlags Flags { get; private set; }

    /// <summary>The log has grown, or <see cref="Released"/> has.</summary>
    public event Action? Changed;

    /// <summary>It stands below .intermezzo. (By what name a file is reached, the module goes by; here the one in the tree counts.)</summary>
    public bool IsBelowControl(Inode inode) => IsBelowControl(inode, out _, out _);

    /// <summary>The same, and not in a directory that has left the tree.</summary>
    public bool IsControl(Inode inode) => IsBelowControl(inode, out _, out var isInside) && !isInside;

    /// <summary>What is in a directory is below .intermezzo, and that isn't one that has left the tree, or in one.</summary>
    private bool HoldsControl(Inode directory) => IsBelowControl(directory, out var hasLeft, out _) && !hasLeft;

    private bool IsBelowControl(Inode inode, out bool hasLeft, out bool isInside)
    {
        (hasLeft, isInside) = (false, false);
        for (var it = inode; it != _control;)
        {
            if (it.Names.Count == 0)
            {
                return false;
            }

            var above = it.Names.Count == 1 ? it.Names[0].Directory : PlaceOf(it).Directory;
            if (IsAside(above) || IsKept(above))
            {
                (hasLeft, isInside) = (true, it != inode);
            }

            it = above;
        }

        return true;
    }

    private bool IsKept(Inode directory) =>
        directory.Names is [(var id, "kept")] && id.Names is [(var conflicts, _)] && conflicts.Names is [(var fileset, "conflicts")] && fileset.Names is [(var control, _)] && control == _control;

    /// <summary>Where lento keeps what is waiting for its place: .intermezzo/FILESET/staging/aside.</summary>
    private bool IsAside(Inode directory) =>
        directory.Names is [(var staging, "aside")] && staging.Names is [(var fileset, "staging")] && fileset.Names is [(var control, _)] && control == _control;

    /// <summary>A name of it, in the tree if it has one there.</summary>
    public (Inode Directory, string Name) PlaceOf(Inode inode)
    {
        foreach (var place in inode.Names)
        {
            if (!IsBelowControl(place.Directory))
            {
                return place;
            }
        }

        return inode.Names[0];
    }

    /// <summary>No replica can ever see it.</summary>
    public bool IsUnlogged(Inode inode) => inode.State.Links == 0 || IsControl(inode);

    public Fid FidOf(Inode inode) =>
        inode.State.Xattrs.TryGetValue(FidName, out var bytes) ? Fid.Read(bytes) : new Fid(0, inode.Ino, inode.Gen);

    public KmlAttr AttrOf(Inode inode) => new()
    {
        Valid = AttrValid.Mode | AttrValid.Uid | AttrValid.Gid | AttrValid.Size | AttrValid.AccessTime | AttrValid.ModifyTime | AttrValid.ChangeTime | AttrValid.Links,
        Mode = inode.State.Mode,
        Uid = inode.State.Uid,
        Gid = inode.State.Gid,
        Size = SizeOf(inode),
        AccessTime = inode.State.AccessTime,
        ModifyTime = inode.State.ModifyTime,
        ChangeTime = inode.State.ChangeTime,
        Links = inode.State.Links,
    };

    public static ulong SizeOf(Inode inode) => inode.State.Target is { } target ? (ulong)target.Length : inode.IsDirectory ? 4096 : (ulong)inode.State.Data.Length;

    /// <summary>Makes log and tree durable.</summary>
    public ulong Sync()
    {
        Disk.Sync();
        return Log.Head;
    }

    public void Mark(in Actor actor, ReadOnlySpan<byte> payload)
    {
        if (_mutation == Mutation.MarksGetLost)
        {
            return;
        }

        var bytes = payload.ToArray();
        Record(actor with { Context = default }, Op.Mark, default, default, 0, (ref RecordWriter record) => record.Add(FieldType.Payload, bytes));
        Ended();
    }

    public void Trim(ulong offset)
    {
        // Recovery goes back to the oldest open mark.
        var oldest = Disk.Inodes.Values.Where(inode => inode.Dirty != 0).Select(inode => inode.Dirty).DefaultIfEmpty(ulong.MaxValue).Min();
        var first = Math.Min(Math.Min(offset & ~(ulong)(KmlFormat.Align - 1), oldest), Log.Synced);
        Log.First = Math.Max(Log.First, first);
    }

    /// <summary>Power has gone and come back; the log is recovered.</summary>
    public void Recover()
    {
        var marks = _mutation == Mutation.HalfWrittenStaysUnknown ? [] : OpenMarks();
        foreach (var inode in Disk.Inodes.Values)
        {
            inode.Dirty = 0;
        }

        var recovery = new Actor(default, false, 0);
        foreach (var (ino, gen) in marks)
        {
            if (Disk.Inodes.TryGetValue(ino, out var inode) && inode.Gen == gen)
            {
                Record(recovery, Op.Close, RecordFlags.Recovered | RecordFlags.Whole | RecordFlags.Attr, default, 0, (ref RecordWriter record) =>
                {
                    record.Add(FieldType.Object, ObjectOf(inode));
                    record.Add(FieldType.Attr, AttrOf(inode));
                });
            }
        }

        Start(MountFlags.Unclean);
    }

    public void Start(MountFlags flags)
    {
        (Flags, Released) = (flags, 0);
        Record(new Actor(default, false, 0), Op.Mount, default, default, (uint)flags, (ref RecordWriter _) => { });
        Disk.End();
    }

    private Inode MakeControl()
    {
        Inode Make(Inode directory, string name)
        {
            var made = Disk.Make(new InodeState { Mode = 0x41c0, Links = 2 });
            Disk.Put(directory, name, made);
            return made;
        }

        var control = Make(Root, ".intermezzo");
        Make(control, "home");
        Disk.End();
        Disk.Sync();
        return control;
    }

    private List<(ulong Ino, uint Gen)> OpenMarks()
    {
        var open = new List<(ulong, uint)>();
        var reader = new KmlReader(Log.From(Log.First), Log.First);
        (ulong, uint)? created = null;
        while (reader.MoveNext())
        {
            if (created is { } marked && reader.Current.Flags.HasFlag(RecordFlags.Marked))
            {
                open.Add(marked);
            }

            created = MayMark(reader.Current.Op, reader.Current.Flags) ? (reader.Current.Result.Ino, reader.Current.Result.Gen) : null;
            if (reader.Current.Op is Op.Dirty or Op.Close && reader.Current.TryGetObject(out var it))
            {
                open.Remove((it.Ino, it.Gen));
                if (reader.Current.Op == Op.Dirty)
                {
                    open.Add((it.Ino, it.Gen));
                }
            }
        }

        // Of the last record nobody knows.
        return created is { } last ? [.. open, last] : open;
    }

    private static bool MayMark(Op op, RecordFlags flags) => op == Op.Create && (flags & (RecordFlags.Applied | RecordFlags.Tmpfile)) == 0;

    private bool IsOpen(ulong created) => created != 0 && Disk.Inodes.Values.Any(inode => inode.Dirty == created);

    private KmlObject ObjectOf(Inode inode) => new(FidOf(inode), inode.Ino, inode.Gen, inode.State.Mode);

    private Operation Begin(in Actor actor) => new(
        _mutation == Mutation.ChangesStayUnseen ? actor with { Context = actor.Context with { Seen = 0 } } : actor, _clock());

    private ulong Record(in Actor actor, Op op, RecordFlags flags, KmlResult result, uint aux, Fill fill)
    {
        var counts = op is not (Op.Dirty or Op.Mark or Op.Mount or Op.Umount);
        var who = _mutation == Mutation.DotsGetLost ? actor with { Context = default } : actor;
        var now = _clock();
        var place = Log.Place;
        var local = place.Local + (counts && !who.Applies ? 1u : 0u);
        flags |= who.Applies ? RecordFlags.Applied | (who.Context.Partial ? RecordFlags.Partial : 0) : 0;
        flags |= IsOpen(place.Created) ? RecordFlags.Marked : 0;
        var offset = Disk.Append((buffer, at) =>
        {
            var record = new RecordWriter(buffer, op)
            {
                Flags = flags,
                Recno = place.Records + 1,
                Stable = at,
                Dirty = at,
                Dot = new Dot(who.Context.Dot.Replica, !counts ? 0 : who.Applies ? who.Context.Dot.Counter : local),
                Local = local,
                Source = who.Context.Source,
                Time = now,
                Pid = who.Pid,
                Aux = aux,
                Synced = Log.Synced,
                Result = result.State == KmlFormat.Void ? result : result with { State = KmlFormat.Done },
            };
            if (counts && who.Context.Peer is not 0 and var peer)
            {
                record.Add(FieldType.Peer, BitConverter.GetBytes(peer));
            }

            fill(ref record);
            return record.Finish();
        });
        Log.Place = Log.Place with { Records = place.Records + 1, Local = local, Created = MayMark(op, flags) ? offset : 0 };
        return offset;
    }

    private void Ended()
    {
        Disk.End();
        Changed?.Invoke();
    }

    private static byte[] Bytes(string name) => Encoding.Latin1.GetBytes(name);
}
