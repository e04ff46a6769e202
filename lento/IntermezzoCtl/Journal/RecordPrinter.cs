// SPDX-License-Identifier: GPL-2.0-or-later
using System.Text;
using InterMezzo.Journal;

namespace InterMezzo.Ctl;

/// <summary>Prints records, a line each; buffered, since there may be millions.</summary>
internal sealed class RecordPrinter(bool json, bool all) : IAsyncDisposable
{
    private readonly Stream _output = new BufferedStream(Console.OpenStandardOutput(), 1 << 16);
    private readonly RecordJson _json = new();

    /// <summary>All whole records of a stretch of a journal. Returns where the next one is expected.</summary>
    /// <exception cref="KmlException">What stands there is no record.</exception>
    public ulong Print(ReadOnlySpan<byte> stretch, ulong offset)
    {
        var reader = new KmlReader(stretch, offset);
        while (reader.MoveNext())
        {
            if (all || !reader.Current.IsVoid)
            {
                Print(reader.Offset, reader.Current);
            }
        }

        if (reader.Status is ParseStatus.Damaged or ParseStatus.Unknown)
        {
            _output.Flush();
            throw new KmlException(reader.Status, reader.Status == ParseStatus.Damaged
                ? $"the record at offset {reader.NextOffset} is damaged, or no record starts there"
                : $"the record at offset {reader.NextOffset} is of a version or kind that this program doesn't know: use a newer one");
        }

        return reader.NextOffset;
    }

    public Task FlushAsync() => _output.FlushAsync();

    public ValueTask DisposeAsync() => _output.DisposeAsync();

    private void Print(ulong offset, RecordView record)
    {
        if (json)
        {
            _output.Write(_json.Format(offset, record));
        }
        else
        {
            _output.Write(Encoding.UTF8.GetBytes(RecordText.Format(offset, record)));
        }

        _output.WriteByte((byte)'\n');
    }
}
