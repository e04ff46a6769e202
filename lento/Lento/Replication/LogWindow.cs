// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Lento.Replication;

/// <summary>A stretch of the own log in memory, of bounded size, as records and as the planner sees them.</summary>
internal sealed class LogWindow(IJournal journal, ulong self, Direction direction, ulong peer)
{
    /// <summary>Bytes of records in a window: a few chunks of the log.</summary>
    private const int Capacity = 4 * KmlFormat.ChunkSize;

    private readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>(Capacity);
    private readonly List<Range> _records = [];
    private readonly List<Forward> _forwards = [];
    private readonly List<KnownPosition> _known = [];
    private readonly List<LogEntry> _entries = [];
    private readonly List<LogStep> _steps = [];
    private int _used;

    // Of the peer's updates, to a client: those that it hears of before an entry.
    private ulong _echoes;

    public IReadOnlyList<LogEntry> Entries => _entries;

    /// <summary>The entries as the optimiser sees them.</summary>
    public IReadOnlyList<LogStep> Steps => _steps;

    public bool IsEmpty => _entries.Count == 0;

    /// <summary>Where the log goes on after the first <paramref name="count"/> entries.</summary>
    public ulong EndOf(int count) => _entries[count - 1].End;

    public ReadOnlySpan<byte> Bytes(int index) => _bytes.AsSpan(_records[index]);

    public Forward Forward(int index) => _forwards[index];

    /// <summary>What of the server's log was known when the record was made.</summary>
    public KnownPosition Known(int index) => _known[index];

    /// <summary>Reads on from an offset, as far as the watermark, the capacity and the number of entries allow.</summary>
    /// <param name="from">Where a record starts.</param>
    /// <param name="done">Records up to this offset are at the peer.</param>
    /// <param name="known">Known before the first record; the caller keeps it from window to window.</param>
    /// <param name="entries">At most so many.</param>
    public void Read(ulong from, ulong done, KnownPosition known, int entries)
    {
        Clear();
        while (_entries.Count < entries && Capacity - _used >= KmlFormat.ChunkSize)
        {
            var count = journal.Read(from, _bytes.AsSpan(_used, KmlFormat.ChunkSize));
            if (count == 0)
            {
                return;
            }

            from = Index(from, count, done, ref known);
        }
    }

    private void Clear()
    {
        _records.Clear();
        _forwards.Clear();
        _known.Clear();
        _entries.Clear();
        _steps.Clear();
        _used = 0;
    }

    private ulong Index(ulong from, int count, ulong done, ref KnownPosition known)
    {
        var end = _used + count;
        while (_used < end)
        {
            var record = RecordView.Parse(_bytes.AsSpan(_used, end - _used));
            var forward = from <= done ? default : RecordFacts.Forward(record, direction, peer);
            _records.Add(_used..(_used + record.Length));
            _forwards.Add(forward);
            _known.Add(known);
            _entries.Add(RecordFacts.Entry(record, from, self, forward.Ships));
            _echoes += forward.Echo == 0 ? 0ul : 1;
            _steps.Add(RecordFacts.Step(record, self, direction, peer, known.Joining, direction == Direction.ToServer ? known.Below : _echoes));
            RecordFacts.Advance(ref known, record, peer);
            _used += record.Length;
            from += (ulong)record.Length;
        }

        return from;
    }
}
