// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Protocol.Replication;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;
using Carry = InterMezzo.Protocol.Replication.Carry;
using Content = InterMezzo.Protocol.Replication.Content;

namespace InterMezzo.Lento.Replication;

/// <summary>
/// Puts a peer's frames together to batches. Trusts nothing: whatever isn't in
/// its place ends the connection. Small contents wait in memory (within a
/// budget), all others in staging files.
/// </summary>
internal sealed class BatchInbox(
    IContentStage stage, IReadOnlySet<ContentKey> offered, RecordGuard guard, LogId log, ulong position, Counters counters) : IDisposable
{
    /// <summary>Records of a batch; a sender's window, four times extended.</summary>
    private const int MaxRecords = 5 * 16384;

    /// <summary>Bytes of its records and what belongs to them.</summary>
    private const int MaxBytes = 32 << 20;

    /// <summary>Contents of one batch that wait in memory.</summary>
    private const int InlineBudget = 4 << 20;

    private ulong _position = position;
    private ulong _number;
    private IncomingBatch? _batch;
    private int _bytes;
    private int _inlineBytes;
    private IncomingRecord? _awaiting;
    private IStagingFile? _file;

    // Of this batch: contents of which more came than there is.
    private readonly HashSet<ulong> _outgrown = [];

    /// <summary>Takes a frame of a batch. Returns the batch that it completes.</summary>
    public IncomingBatch? Take(Frame frame)
    {
        switch (frame.KindCase)
        {
            case Frame.KindOneofCase.Begin:
                Begin(frame.Begin);
                return null;
            case Frame.KindOneofCase.Records:
                Add(frame.Records);
                return null;
            case Frame.KindOneofCase.Instead:
                Replace(frame.Instead);
                return null;
            case Frame.KindOneofCase.Content:
                Add(frame.Content);
                return null;
            case Frame.KindOneofCase.End:
                return End(frame.End);
            default:
                throw new InvalidMessageException($"{frame.KindCase} isn't part of a batch");
        }
    }

    /// <summary>What was received of an unfinished batch stays staged.</summary>
    public void Dispose()
    {
        _file?.Dispose();
        _batch?.Dispose();
    }

    private void Begin(BatchBegin begin)
    {
        Check(_batch is null, "a batch within a batch");
        Check(begin.Number == _number + 1, $"batch {begin.Number} after {_number}");
        Check(begin.From >= _position, $"a batch from {begin.From}, but {_position} is reached");
        _number = begin.Number;
        _batch = new IncomingBatch(begin.Number, begin.From);
        (_bytes, _inlineBytes) = (0, 0);
        _outgrown.Clear();
    }

    private void Add(Records records)
    {
        Check(_batch is not null && _awaiting is null, "records out of place");
        foreach (var record in records.Records_)
        {
            Check(_awaiting is null, "a record where a content was announced");
            Check(record.Source >= _batch.From, "a record from before the batch");
            Check(_batch.Records.Count == 0 || record.Source > _batch.Records[^1].Source, "records out of order");
            _bytes += record.CalculateSize();
            Check(_batch.Records.Count < MaxRecords && _bytes <= MaxBytes, "a batch without bounds");
            if (!record.Data.IsEmpty)
            {
                var refusal = guard.Refuse(record.Data.Span);
                Check(refusal is null, refusal ?? "");
            }

            var incoming = new IncomingRecord(record);
            _batch.Records.Add(incoming);
            Await(incoming);
            counters.RecordReceived();
        }
    }

    /// <summary>The content that came with a record isn't its maker's any more: the one that is kept of it follows.</summary>
    private void Replace(Record record)
    {
        Check(_batch is not null && _awaiting is null, "a record once more, out of place");
        var index = _batch.Records.FindIndex(incoming => incoming.Source == record.Source);
        Check(index >= 0 && _batch.Records[index].Carry == Carry.Here && _batch.Records[index].Wire.Data == record.Data, "a record once more that is another");
        _bytes += record.CalculateSize();
        Check(_bytes <= MaxBytes, "a batch without bounds");
        _batch.Records[index].Drop();
        _batch.Records[index] = new IncomingRecord(record);
        _outgrown.Remove(record.Source);
        Await(_batch.Records[index]);
    }

    /// <summary>Its content follows, if it has one.</summary>
    private void Await(IncomingRecord record)
    {
        _awaiting = record.Carry == Carry.Here ? record : null;
        if (record.Wire.Anew && KeyOf(record) is var key && offered.Contains(key))
        {
            stage.Open(key).Discard();
        }
    }

    private ContentKey KeyOf(IncomingRecord record) => new(RecordFacts.ContentOf(record.Data), log, record.Wire.Version);

    private void Add(Content content)
    {
        Check(_awaiting is not null && _awaiting.Source == content.Source, "a content that no record announced");
        var key = KeyOf(_awaiting);
        if (_file is null && content.Last && _inlineBytes + content.Data.Length <= InlineBudget && (_awaiting.Wire.Anew || !offered.Contains(key)))
        {
            _inlineBytes += content.Data.Length;
            ContentPiece[] pieces = content.Data.IsEmpty ? [] : [new ContentPiece(content.Offset, content.Data.Memory)];
            Finish(new InlineContent(Math.Max(content.Size, content.Offset + (ulong)content.Data.Length), pieces));
            return;
        }

        _file ??= stage.Open(key);
        if (_file.IsComplete && !content.Data.IsEmpty)
        {
            // It came whole before the connection broke, and has changed since: the sender will find that out, too.
            _outgrown.Add(content.Source);
        }
        else if (!content.Data.IsEmpty)
        {
            Check(content.Offset >= _file.Length, "a content that goes back");
            _file.Write(content.Offset, content.Data.Span);
        }

        if (content.Last)
        {
            var file = _file;
            file.Complete(Math.Max(content.Size, file.Length));
            _file = null;
            Finish(new StagedContent(file));
        }
    }

    private void Finish(InterMezzo.Replication.Ports.Content content)
    {
        _awaiting!.Content = content;
        _awaiting = null;
        counters.ContentReceived();
    }

    private IncomingBatch End(BatchEnd end)
    {
        Check(_batch is not null && _awaiting is null && _batch.Number == end.Number, "an end out of place");
        Check(end.To > _batch.From && (_batch.Records.Count == 0 || end.To > _batch.Records[^1].Source), "a batch that ends before its records");
        var dropped = end.Dropped.ToHashSet();
        foreach (var record in _batch.Records.Where(record => dropped.Contains(record.Source) || _outgrown.Contains(record.Source)))
        {
            record.Drop();
        }

        Check(_outgrown.IsSubsetOf(dropped), "more of a content than there is");
        var batch = _batch;
        (batch.To, batch.Check) = (end.To, end.Check);
        _position = end.To;
        _batch = null;
        return batch;
    }

    private static void Check([System.Diagnostics.CodeAnalysis.DoesNotReturnIf(false)] bool holds, string what)
    {
        if (!holds)
        {
            throw new InvalidMessageException(what);
        }
    }
}
