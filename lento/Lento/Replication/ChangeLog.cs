// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Lento.Replication;

/// <summary>Answers for all senders of a fileset which contents changed while they were read. Reads the log once for all of them.</summary>
internal sealed class ChangeLog(IJournal journal, ulong self)
{
    private readonly ChangeTable _table = new();
    private readonly Turns _reading = new(1);

    // guarded by _reading: the table knows the log between these
    private ulong _begin;
    private ulong _end;

    /// <summary>A sender begins at this offset: what changed from here on will be asked for.</summary>
    public async Task BeginAtAsync(ulong offset, CancellationToken cancellationToken)
    {
        await _reading.TakeAsync(cancellationToken);
        try
        {
            if (_end == 0)
            {
                (_begin, _end) = (offset, offset);
            }
            else if (offset < _begin)
            {
                Note(offset, _begin);
                _begin = offset;
            }
        }
        finally
        {
            _reading.Give();
        }
    }

    /// <param name="check">Gets told what changed.</param>
    /// <param name="from">Changes below are part of the batch.</param>
    /// <param name="cancellationToken">Ends the waiting for operations that are under way.</param>
    public async Task CheckAsync(ContentCheck check, ulong from, CancellationToken cancellationToken)
    {
        if (check.IsEmpty)
        {
            return;
        }

        // A change made while the content was read has its DIRTY below the head
        // by now, but readers see it only when the operations before it have ended.
        var head = journal.Info.Head;
        await journal.WaitBeyondAsync(head - 1, cancellationToken);
        await CatchUpAsync(head, cancellationToken);
        foreach (var content in check.Watched)
        {
            var change = _table.LastChange(content);
            if (change >= from && LogScan.At(journal, change) is { } record)
            {
                Observe(check, content, RecordFacts.Entry(RecordView.Parse(record), change, self, false), from, head);
            }
        }
    }

    private async Task CatchUpAsync(ulong head, CancellationToken cancellationToken)
    {
        await _reading.TakeAsync(cancellationToken);
        try
        {
            if (_end < head)
            {
                // What is trimmed by now, nobody sends any more.
                Note(Math.Max(_end, journal.Info.First), head);
                _end = head;
            }
        }
        finally
        {
            _reading.Give();
        }
    }

    private void Note(ulong from, ulong to)
    {
        foreach (var (offset, record) in LogScan.Records(journal, from, to))
        {
            _table.Note(RecordFacts.Entry(RecordView.Parse(record.Span), offset, self, false));
        }
    }

    /// <summary>
    /// The slot names the last change of this content; or of another, or one that perhaps is none: then the log itself is
    /// looked through.
    /// </summary>
    private void Observe(ContentCheck check, Fid content, LogEntry entry, ulong from, ulong head)
    {
        if (entry.Object == content && entry.Effect != ContentEffect.Enters)
        {
            check.Observe(entry);
            return;
        }

        foreach (var (offset, record) in LogScan.Records(journal, from, head))
        {
            var other = RecordFacts.Entry(RecordView.Parse(record.Span), offset, self, false);
            if (other.Object == content)
            {
                check.Observe(other);
            }
        }
    }
}
