// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform;

/// <summary>A fileset on a presto mount, with its log.</summary>
public sealed class PrestoReplica : ReplicaBase
{
    private const int ReadSize = 4 * KmlFormat.ChunkSize;

    private readonly PrestoDevice _device;
    private readonly PrestoJournal _journal;
    private readonly LogId _log;

    private PrestoReplica(Parts parts, PrestoDevice device, LogId log, ApplyOptions options)
        : base(parts, log, options)
    {
        _device = device;
        _log = log;
        _journal = new PrestoJournal(device);
        Gate = _journal.Gate;
        Scan = new TreeScan(Objects, device, (PrestoContext)parts.Context, _journal);
    }

    public override IJournal Journal => _journal;

    public override IGate Gate { get; }

    public override ITreeScan Scan { get; }

    /// <param name="mount">Where the fileset is mounted.</param>
    /// <param name="devicePath">/dev/intermezzoN of that mount.</param>
    /// <param name="fileset">Its name.</param>
    /// <param name="self">This replica.</param>
    /// <param name="options">What is taken from peers.</param>
    public static PrestoReplica Open(string mount, string devicePath, string fileset, ulong self, ApplyOptions? options = null)
    {
        var device = new PrestoDevice(devicePath);
        ReplicaRoot? root = null;
        try
        {
            var info = device.ReadInfo();
            MountCheck.Demand(mount, devicePath, fileset, PrestoDevice.FilesetOf(info));
            root = new ReplicaRoot(mount, fileset, self);
            var index = SqliteIndex.Open(Path.Combine(root.ControlPath, "index.db"), self, isOnlyMemory: false, out var wasLost);
            var parts = new Parts(root, index, wasLost, new PrestoContext(device), device);
            return new PrestoReplica(parts, device, LogId.Read(info.LogId), options ?? new ApplyOptions());
        }
        catch
        {
            root?.Dispose();
            device.Dispose();
            throw;
        }
    }

    public override void CatchUp(RecordObserver? observer)
    {
        base.CatchUp(observer);
        var info = _journal.Info;
        var isDoubtful = !IndexWasLost && (OwnIndex.LogOffset > info.Watermark || OwnIndex.LogOffset < info.First || info.Mount.HasFlag(MountFlags.Scan));
        if (isDoubtful)
        {
            // A power cut took back what the index had seen, or left what it hasn't; or it is an old copy of the index.
            new IndexRebuild(Objects).Run();
        }

        // What is to be written in place may have been, and changed since, before the index was saved: a power cut brings it back.
        var interrupted = OwnApplier.ListInterrupted();
        var from = IndexWasLost || isDoubtful || interrupted.Count > 0 ? 0 : OwnIndex.LogOffset;
        var settled = ReadLog(Math.Max(from, info.First), info.Watermark, observer, interrupted);
        foreach (var redo in interrupted)
        {
            OwnApplier.FinishInterrupted(redo, settled.Contains(redo.Object), info.Watermark);
        }
    }

    public override void Dispose()
    {
        _journal.Dispose();
        base.Dispose();
        _device.Dispose();
    }

    /// <summary>Returns the objects being written in place that are whole, or that a local program has changed since.</summary>
    private HashSet<Fid> ReadLog(ulong from, ulong to, RecordObserver? observer, List<RedoName> interrupted)
    {
        var settled = new HashSet<Fid>();
        var buffer = GC.AllocateUninitializedArray<byte>(ReadSize);
        while (from < to)
        {
            var length = _journal.Read(from, buffer);
            if (length == 0)
            {
                break;
            }

            var reader = new KmlReader(buffer.AsSpan(0, length), from);
            while (reader.MoveNext())
            {
                Learn(reader.Current);
                NoteSettled(reader.Current, interrupted, settled);
                observer?.Invoke(reader.Offset, reader.Current);
            }

            if (reader.NextOffset == from)
            {
                throw new JournalException(JournalFault.Damaged, from, $"{_device.Path}: the record at offset {from} is damaged ({reader.Status})");
            }

            from = reader.NextOffset;
        }

        return settled;
    }

    /// <summary>A replicated object that entered.</summary>
    private void Learn(RecordView record)
    {
        if (record.Op == Op.Enter && !record.IsVoid && record.TryGetObject(out var entered) && entered.Fid.Replica != 0)
        {
            OwnIndex.Put(entered.Fid, ObjectHandle.FromInode(entered.Ino, entered.Gen));
        }
    }

    private void NoteSettled(RecordView record, List<RedoName> interrupted, HashSet<Fid> settled)
    {
        foreach (var redo in interrupted)
        {
            if (record.Flags.HasFlag(RecordFlags.Applied) ? Finishes(record, redo) : Changes(record, redo))
            {
                settled.Add(redo.Object);
            }
        }
    }

    private static bool Finishes(RecordView record, RedoName redo) =>
        !record.IsVoid && !record.Flags.HasFlag(RecordFlags.Partial) && record.Source == redo.Source && record.Dot == redo.Dot;

    private bool Changes(RecordView record, RedoName redo) =>
        record.Op == Op.Dirty && record.TryGetObject(out var changed) && changed.Fid.Canonical(Self) == redo.Object;
}
