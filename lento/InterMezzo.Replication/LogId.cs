// SPDX-License-Identifier: GPL-2.0-or-later
using System.Buffers.Binary;

namespace InterMezzo.Replication;

/// <summary>The random name that a log got when it was made. Positions of different logs don't compare.</summary>
public readonly record struct LogId(ulong High, ulong Low)
{
    public const int Size = 16;

    public static LogId None => default;

    public bool IsNone => this == None;

    public static LogId Read(ReadOnlySpan<byte> bytes) =>
        new(BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[8..Size]));

    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt64BigEndian(bytes, High);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..Size], Low);
    }

    public byte[] ToArray()
    {
        var bytes = new byte[Size];
        Write(bytes);
        return bytes;
    }

    public override string ToString() => $"{High:x16}{Low:x16}";
}

/// <summary>A place in a replica's log.</summary>
public readonly record struct Position(LogId Log, ulong Offset)
{
    public override string ToString() => $"{Log}@{Offset}";
}
