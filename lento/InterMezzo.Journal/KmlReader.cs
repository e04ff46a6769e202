// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Journal;

/// <summary>
/// The records of a stretch of a log, in order, PADs passed over. Ends where no whole record follows;
/// <see cref="Status"/> says why.
/// </summary>
/// <param name="bytes">The stretch; it begins with a record.</param>
/// <param name="offset">Where it stands in the log.</param>
public ref struct KmlReader(ReadOnlySpan<byte> bytes, ulong offset)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private readonly ulong _base = offset;
    private RecordView _current;
    private int _next;

    /// <summary>Offset of <see cref="Current"/> in the log.</summary>
    public ulong Offset { get; private set; } = offset;

    /// <summary>Where the next record is expected; after the end, where it stopped.</summary>
    public readonly ulong NextOffset => _base + (ulong)_next;

    public readonly RecordView Current => _current;

    /// <summary>After the end: <see cref="ParseStatus.Ok"/> or <see cref="ParseStatus.NeedMore"/> (the stretch is over),
    /// <see cref="ParseStatus.End"/> (the log is), or what is wrong at <see cref="NextOffset"/>.</summary>
    public ParseStatus Status { get; private set; }

    public bool MoveNext()
    {
        while (_next < _bytes.Length)
        {
            Status = RecordView.TryParse(_bytes[_next..], out _current);
            if (Status != ParseStatus.Ok)
            {
                return false;
            }

            Offset = NextOffset;
            _next += _current.Length;
            if (!_current.IsPad)
            {
                return true;
            }
        }

        return false;
    }
}
