// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Platform;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Native.Tests;

/// <summary>A log in memory that the test writes: what the kernel module would, as far as rules read it.</summary>
internal sealed class MemoryJournal : IJournal
{
    private readonly List<byte> _bytes = [];

    public static LogId Log { get; } = new(7, 7);

    public JournalInfo Info => new(Log, KmlFormat.SuperSize, End, End, 0, Exact: true, MountFlags.None);

    private ulong End => KmlFormat.SuperSize + (ulong)_bytes.Count;

    public ulong Append(ReadOnlySpan<byte> record)
    {
        var offset = End;
        _bytes.AddRange(record);
        return offset;
    }

    public int Read(ulong offset, Span<byte> buffer)
    {
        var rest = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_bytes)[(int)(offset - KmlFormat.SuperSize)..];
        var whole = 0;
        while (whole < rest.Length && RecordView.Parse(rest[whole..]).Length is var length && whole + length <= buffer.Length)
        {
            whole += length;
        }

        rest[..whole].CopyTo(buffer);
        return whole;
    }

    public bool TakesMarks => true;

    public void Mark(ReadOnlySpan<byte> payload, ulong taken = 0)
    {
        var writer = new RecordWriter(new byte[KmlFormat.RecordMax], Op.Mark);
        writer.Add(FieldType.Payload, payload);
        Append(writer.Finish());
    }

    public ValueTask<ulong> WaitBeyondAsync(ulong offset, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<uint> WaitReleasedAsync(uint seen, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ulong Sync(ulong below) => End;

    public void Trim(ulong offset) => throw new NotSupportedException();
}

/// <summary>A directory with such a log, and with files that are open for writing if the test says so.</summary>
internal sealed class WrittenReplica : IReplica, IReplicaTree, IOperationContext
{
    private readonly PlainReplica _plain;

    public WrittenReplica(string directory, string state, ulong self, MemoryJournal log)
    {
        Log = log;
        _plain = PlainReplica.Open(directory, "home", self, state, null, _ => this);
    }

    public MemoryJournal Log { get; }

    public Writers Writers { get; set; }

    public string Fileset => "home";

    public ulong Self => _plain.Self;

    public IJournal Journal => Log;

    public IReplicaTree Tree => this;

    public IApplier Applier => _plain.Applier;

    public IContentStage Stage => _plain.Stage;

    public IJoin Join => _plain.Join;

    public IIndex Index => _plain.Index;

    public IConflictStore Conflicts => _plain.Conflicts;

    public ITreeScan? Scan => null;

    public Fid Root => _plain.Tree.Root;

    public bool SetsParentTimes => true;

    public void CatchUp(RecordObserver? observer)
    {
        _plain.CatchUp(null);
        foreach (var (offset, record) in LogScan.Records(Log, KmlFormat.SuperSize, Log.Info.Head))
        {
            observer?.Invoke(offset, RecordView.Parse(record.Span));
        }
    }

    public ITreeObject? Open(Fid fid) => _plain.Tree.Open(fid) is { } found ? new Written(found, Writers) : null;

    public ITreeObject? OpenAt(Fid parent, ReadOnlySpan<byte> name) => _plain.Tree.OpenAt(parent, name);

    public (Fid Parent, byte[] Name)? PlaceOf(Fid fid) => _plain.Tree.PlaceOf(fid);

    public bool IsAway(Fid directory) => _plain.Tree.IsAway(directory);

    public IEnumerable<WalkEntry> Walk(Fid? subtree = null) => _plain.Tree.Walk(subtree);

    void IOperationContext.Set(in Origin origin)
    {
    }

    bool IOperationContext.Tell(Fd directory, ReadOnlySpan<byte> name, bool isLink) => true;

    Writers IOperationContext.WritersOf(Fd fd) => Writers;

    ulong IOperationContext.Head() => 0;

    ulong IOperationContext.Sync() => 0;

    public void Dispose() => _plain.Dispose();

    private sealed class Written(ITreeObject file, Writers writers) : ITreeObject
    {
        public Fid Fid => file.Fid;

        public uint Type => file.Type;

        public uint Links => file.Links;

        public Writers Writers => writers;

        public ObjectState ReadState() => file.ReadState();

        public bool NextData(ulong offset, out ulong start, out ulong end) => file.NextData(offset, out start, out end);

        public int Read(ulong offset, Span<byte> buffer) => file.Read(offset, buffer);

        public void Dispose() => file.Dispose();
    }
}
