// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Lento.Replication;

/// <summary>What went over the wire for a fileset since the daemon started. Any thread.</summary>
internal sealed class Counters
{
    private long _batchesSent;
    private long _batchesReceived;
    private long _recordsSent;
    private long _recordsReceived;
    private long _recordsCancelled;
    private long _contentsSent;
    private long _contentsReceived;
    private long _bytesSent;
    private long _bytesReceived;
    private long _conflicts;

    public long Batches => Interlocked.Read(ref _batchesSent) + Interlocked.Read(ref _batchesReceived);

    public long RecordsOut => Interlocked.Read(ref _recordsSent);

    public long RecordsIn => Interlocked.Read(ref _recordsReceived);

    /// <summary>Of the log, what needn't be sent: others took back what they say.</summary>
    public long Cancelled => Interlocked.Read(ref _recordsCancelled);

    public long ContentsOut => Interlocked.Read(ref _contentsSent);

    public long ContentsIn => Interlocked.Read(ref _contentsReceived);

    public long BytesOut => Interlocked.Read(ref _bytesSent);

    public long BytesIn => Interlocked.Read(ref _bytesReceived);

    /// <summary>Grows with whatever a connection achieves.</summary>
    public long Progress => Batches + ContentsIn;

    public long Conflicts => Interlocked.Read(ref _conflicts);

    public void BatchSent() => Interlocked.Increment(ref _batchesSent);

    public void BatchReceived() => Interlocked.Increment(ref _batchesReceived);

    public void RecordsSent(int count) => Interlocked.Add(ref _recordsSent, count);

    public void RecordReceived() => Interlocked.Increment(ref _recordsReceived);

    public void RecordsCancelled(int count) => Interlocked.Add(ref _recordsCancelled, count);

    public void ContentSent() => Interlocked.Increment(ref _contentsSent);

    public void ContentReceived() => Interlocked.Increment(ref _contentsReceived);

    public void BytesSent(int count) => Interlocked.Add(ref _bytesSent, count);

    public void BytesReceived(int count) => Interlocked.Add(ref _bytesReceived, count);

    public void ConflictKept() => Interlocked.Increment(ref _conflicts);
}
