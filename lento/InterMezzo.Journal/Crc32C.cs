// SPDX-License-Identifier: GPL-2.0-or-later
using System.Buffers.Binary;
using System.Numerics;

namespace InterMezzo.Journal;

/// <summary>The standard CRC-32C (Castagnoli), which can be continued: start with 0.</summary>
public static class Crc32C
{
    public static uint Append(uint crc, ReadOnlySpan<byte> bytes)
    {
        crc = ~crc;
        while (bytes.Length >= sizeof(ulong))
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[sizeof(ulong)..];
        }

        foreach (var b in bytes)
        {
            crc = BitOperations.Crc32C(crc, b);
        }

        return ~crc;
    }

    /// <summary>Of zeros.</summary>
    internal static uint AppendZeros(uint crc, int count)
    {
        Span<byte> zeros = stackalloc byte[KmlFormat.ResultSize];
        zeros.Clear();
        return Append(crc, zeros[..count]);
    }
}
