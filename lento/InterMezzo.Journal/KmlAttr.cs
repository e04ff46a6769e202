// SPDX-License-Identifier: GPL-2.0-or-later
using System.Buffers.Binary;

namespace InterMezzo.Journal;

/// <summary>Attributes of an object; <see cref="Valid"/> says which members mean something. 72 bytes.</summary>
public readonly record struct KmlAttr
{
    public AttrValid Valid { get; init; }

    /// <summary>Type and permissions.</summary>
    public uint Mode { get; init; }

    public uint Uid { get; init; }

    public uint Gid { get; init; }

    /// <summary>Of a device node.</summary>
    public uint Major { get; init; }

    /// <summary>Of a device node.</summary>
    public uint Minor { get; init; }

    /// <summary>Bytes.</summary>
    public ulong Size { get; init; }

    public KmlTime AccessTime { get; init; }

    public KmlTime ModifyTime { get; init; }

    public KmlTime ChangeTime { get; init; }

    public uint Links { get; init; }

    public bool Has(AttrValid what) => (Valid & what) == what;

    /// <summary>From 72 bytes.</summary>
    public static KmlAttr Read(ReadOnlySpan<byte> bytes) => new()
    {
        Valid = (AttrValid)U32(bytes, 0),
        Mode = U32(bytes, 4),
        Uid = U32(bytes, 8),
        Gid = U32(bytes, 12),
        Major = U32(bytes, 16),
        Minor = U32(bytes, 20),
        Size = BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]),
        AccessTime = Time(bytes, 32, 56),
        ModifyTime = Time(bytes, 40, 60),
        ChangeTime = Time(bytes, 48, 64),
        Links = U32(bytes, 68),
    };

    /// <summary>To 72 bytes.</summary>
    public void Write(Span<byte> bytes)
    {
        ReadOnlySpan<uint> first = [(uint)Valid, Mode, Uid, Gid, Major, Minor];
        for (var i = 0; i < first.Length; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes[(4 * i)..], first[i]);
        }

        BinaryPrimitives.WriteUInt64LittleEndian(bytes[24..], Size);
        WriteTime(bytes, 32, 56, AccessTime);
        WriteTime(bytes, 40, 60, ModifyTime);
        WriteTime(bytes, 48, 64, ChangeTime);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[68..], Links);
    }

    private static uint U32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    private static KmlTime Time(ReadOnlySpan<byte> bytes, int seconds, int nanoseconds) =>
        new(BinaryPrimitives.ReadInt64LittleEndian(bytes[seconds..]), U32(bytes, nanoseconds));

    private static void WriteTime(Span<byte> bytes, int seconds, int nanoseconds, KmlTime time)
    {
        BinaryPrimitives.WriteInt64LittleEndian(bytes[seconds..], time.Seconds);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[nanoseconds..], time.Nanoseconds);
    }
}
