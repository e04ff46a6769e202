// SPDX-License-Identifier: GPL-2.0-or-later
using System.Buffers.Binary;

namespace InterMezzo.Journal;

/// <summary>The names of one directory, as the payloads of as many LISTs as they need. Holds them all meanwhile.</summary>
public sealed class NameListWriter
{
    /// <summary>Half of what a payload may have: a class of names may be larger than others.</summary>
    private const int Wanted = KmlFormat.MarkMax / 2;

    private readonly List<byte> _names = [];

    /// <param name="name">A directory has it.</param>
    public void Add(ReadOnlySpan<byte> name)
    {
        _names.Add((byte)name.Length);
        _names.AddRange(name);
    }

    /// <summary>Together they speak of all names.</summary>
    public IReadOnlyList<byte[]> Payloads()
    {
        for (var mask = 0u; ; mask = (mask << 1) | 1)
        {
            if (_names.Count / (mask + 1L) <= Wanted && TrySplit(mask) is { } payloads)
            {
                return payloads;
            }
        }
    }

    /// <summary>Null: one would be too large.</summary>
    private byte[][]? TrySplit(uint mask)
    {
        var lists = new List<byte>[mask + 1];
        var counts = new uint[mask + 1];
        for (var i = 0; i < lists.Length; i++)
        {
            lists[i] = [.. new byte[NameList.HeaderSize]];
        }

        var names = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_names);
        for (var at = 0; at < names.Length; at += 1 + names[at])
        {
            var entry = names.Slice(at, 1 + names[at]);
            var list = NameList.Hash(entry[1..]) & mask;
            lists[list].AddRange(entry);
            counts[list]++;
            if (lists[list].Count > KmlFormat.MarkMax)
            {
                return null;
            }
        }

        return [.. lists.Select((list, value) => Finish(list, mask, (uint)value, counts[value]))];
    }

    private static byte[] Finish(List<byte> list, uint mask, uint value, uint count)
    {
        byte[] payload = [.. list];
        BinaryPrimitives.WriteUInt32LittleEndian(payload, mask);
        BinaryPrimitives.WriteUInt32LittleEndian(payload.AsSpan(4), value);
        BinaryPrimitives.WriteUInt32LittleEndian(payload.AsSpan(8), count);
        return payload;
    }
}
