// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Replication;

namespace InterMezzo.Simulation.Kernel;

/// <summary>Makes a record that will stand at an offset.</summary>
internal delegate ReadOnlySpan<byte> RecordMaker(Span<byte> buffer, ulong offset);

/// <param name="Head">The log ends here.</param>
/// <param name="Records">Number of the last record.</param>
/// <param name="Local">Highest count of this replica.</param>
internal readonly record struct KmlPlace(ulong Head, ulong Records, ulong Local, ulong Created = 0);

/// <summary>The log of a replica: its bytes.</summary>
internal sealed class Kml(LogId id)
{
    private readonly byte[] _record = new byte[KmlFormat.RecordMax];
    private byte[] _bytes = new byte[64 << 10];

    public LogId Id { get; } = id;

    public KmlPlace Place { get; set; } = new(KmlFormat.SuperSize, 0, 0);

    public ulong Head => Place.Head;

    public ulong First { get; set; } = KmlFormat.SuperSize;

    public ulong Synced { get; set; } = KmlFormat.SuperSize;

    public ReadOnlySpan<byte> From(ulong offset) => _bytes.AsSpan((int)offset, (int)(Head - offset));

    /// <summary>Returns where it stands.</summary>
    public ulong Append(RecordMaker maker)
    {
        // Its length doesn't depend on where it stands.
        var offset = Head;
        var record = maker(_record, offset);
        var left = KmlFormat.ChunkSize - (int)(offset % KmlFormat.ChunkSize);
        if (record.Length > left)
        {
            RecordWriter.WritePad(Room(offset, left));
            offset += (ulong)left;
            record = maker(_record, offset);
        }

        record.CopyTo(Room(offset, record.Length));
        Place = Place with { Head = offset + (ulong)record.Length };
        return offset;
    }

    /// <summary>Whole records that fit, as the device reads them.</summary>
    public int Read(ulong offset, Span<byte> buffer)
    {
        var bytes = From(offset);
        var count = 0;
        while (count < bytes.Length)
        {
            var length = RecordView.Parse(bytes[count..]).Length;
            if (count + length > buffer.Length)
            {
                break;
            }

            count += length;
        }

        bytes[..count].CopyTo(buffer);
        return count;
    }

    private Span<byte> Room(ulong offset, int length)
    {
        var end = (int)offset + length;
        if (end > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(end, 2 * _bytes.Length));
        }

        return _bytes.AsSpan((int)offset, length);
    }
}
