// SPDX-License-Identifier: GPL-2.0-or-later
using System.Buffers.Binary;

namespace InterMezzo.Journal.Tests;

/// <summary>Golden records with something changed, mostly with the checksums of whoever changed it: so they get past them.</summary>
internal static class Mutations
{
    private static readonly uint[] _limits =
    [
        0, 1, 2, 7, 8, 15, 16, 17, 39, 40, 41, 72, 73, 255, 256, 4095, 4096, 65_536, 65_537, KmlFormat.RecordMax, KmlFormat.ChunkSize,
        999_999_999, 1_000_000_000, int.MaxValue - 7, int.MaxValue, 0x8000_0000, uint.MaxValue - 7, uint.MaxValue,
    ];

    /// <summary>Those of a golden file, PADs too.</summary>
    public static List<byte[]> Records(string file)
    {
        var records = new List<byte[]>();
        var rest = Golden.Read(file).AsSpan(KmlFormat.SuperSize);
        while (RecordView.TryParse(rest, out var record) == ParseStatus.Ok)
        {
            records.Add(record.Bytes.ToArray());
            rest = rest[record.Length..];
        }

        return records;
    }

    /// <summary>One to four changes to one of them.</summary>
    public static byte[] Next(Random random, List<byte[]> records)
    {
        var bytes = records[random.Next(records.Count)].ToArray();
        for (var changes = random.Next(1, 5); changes > 0; changes--)
        {
            bytes = Change(random, bytes, records);
        }

        if (random.Next(10) > 0)
        {
            Mend(bytes);
        }

        return bytes;
    }

    /// <summary>Makes both lengths and both checksums right, and nothing else.</summary>
    public static void Mend(Span<byte> bytes)
    {
        BinaryPrimitives.WriteInt32LittleEndian(bytes, bytes.Length);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[^4..], bytes.Length);
        if (bytes.Length >= KmlFormat.HeaderSize + 4)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes[(KmlFormat.ResultOffset + 4)..], RecordView.ResultCrc(bytes));
            BinaryPrimitives.WriteUInt32LittleEndian(bytes[12..], RecordView.RecordCrc(bytes));
        }
    }

    private static byte[] Change(Random random, byte[] bytes, List<byte[]> records)
    {
        switch (random.Next(8))
        {
            case 0:
                return bytes[..(KmlFormat.Align * random.Next(1, (bytes.Length / KmlFormat.Align) + 1))];
            case 1:
                var more = new byte[KmlFormat.Align * random.Next(1, 20)];
                random.NextBytes(more);
                return [.. bytes, .. more];
            case 2:
                Splice(random, bytes, records[random.Next(records.Count)]);
                return bytes;
            case 3:
                BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(4), (ushort)random.Next(22));
                return bytes;
            case 4 when bytes.Length > KmlFormat.HeaderSize:
                BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(148), (uint)random.Next(8));
                return bytes;
            case 5 or 6:
                BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4 * random.Next(bytes.Length / 4)), _limits[random.Next(_limits.Length)]);
                return bytes;
            default:
                bytes[random.Next(bytes.Length)] ^= (byte)random.Next(1, 256);
                return bytes;
        }
    }

    /// <summary>Fields begin at multiples of 8: so a whole one may come, and once more.</summary>
    private static void Splice(Random random, Span<byte> bytes, ReadOnlySpan<byte> other)
    {
        var length = 8 * random.Next(1, Math.Min(bytes.Length, other.Length) / 8);
        var from = 8 * random.Next((other.Length - length) / 8 + 1);
        other.Slice(from, length).CopyTo(bytes[(8 * random.Next((bytes.Length - length) / 8 + 1))..]);
    }
}
