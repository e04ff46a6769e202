// SPDX-License-Identifier: GPL-2.0-or-later
using System.Buffers.Binary;

namespace InterMezzo.Journal;

/// <summary>
/// Makes a record in a buffer: set what the header says, add fields, then <see cref="Finish"/>. The buffer holds at
/// least <see cref="KmlFormat.RecordMax"/> bytes, or as many as the record takes.
/// </summary>
public ref struct RecordWriter
{
    private readonly Span<byte> _bytes;
    private int _at = KmlFormat.HeaderSize;
    private uint _fields;

    public RecordWriter(Span<byte> buffer, Op op)
    {
        _bytes = buffer;
        _bytes[..KmlFormat.HeaderSize].Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(_bytes[4..], (ushort)op);
        BinaryPrimitives.WriteUInt16LittleEndian(_bytes[6..], KmlFormat.Version);
        BinaryPrimitives.WriteUInt32LittleEndian(_bytes[KmlFormat.ResultOffset..], KmlFormat.Intent);
    }

    public RecordFlags Flags { set => U32(8, (uint)value); }

    public ulong Recno { set => U64(16, value); }

    public ulong Stable { set => U64(24, value); }

    public ulong Dirty { set => U64(32, value); }

    public Dot Dot
    {
        set
        {
            U64(40, value.Replica);
            U64(48, value.Counter);
        }
    }

    public ulong Local { set => U64(56, value); }

    public ulong Source { set => U64(64, value); }

    public KmlTime Time
    {
        set
        {
            U64(120, (ulong)value.Seconds);
            U32(128, value.Nanoseconds);
        }
    }

    public uint Uid { set => U32(132, value); }

    public uint Gid { set => U32(136, value); }

    public uint Pid { set => U32(140, value); }

    public uint Aux { set => U32(144, value); }

    public ulong Synced { set => U64(152, value); }

    public ulong Mounts { set => U64(160, value); }

    public KmlResult Result
    {
        set
        {
            U32(72, value.State);
            U64(80, value.Ino);
            U32(88, value.Gen);
            U32(92, value.Mode);
            U32(96, value.Uid);
            U32(100, value.Gid);
            U64(104, (ulong)value.Time.Seconds);
            U32(112, value.Time.Nanoseconds);
            U32(116, (uint)value.Flags);
        }
    }

    public void Add(FieldType type, ReadOnlySpan<byte> data)
    {
        data.CopyTo(Reserve(type, data.Length));
    }

    public void Add(FieldType type, in KmlObject value) => value.Write(Reserve(type, KmlFormat.ObjectSize));

    public void Add(FieldType type, in KmlAttr value) => value.Write(Reserve(type, KmlFormat.AttrSize));

    public void Add(FieldType type, ReadOnlySpan<KmlRange> ranges)
    {
        var data = Reserve(type, ranges.Length * KmlFormat.RangeSize);
        for (var i = 0; i < ranges.Length; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(data[(i * KmlFormat.RangeSize)..], ranges[i].Start);
            BinaryPrimitives.WriteUInt64LittleEndian(data[((i * KmlFormat.RangeSize) + 8)..], ranges[i].Length);
        }
    }

    /// <summary>Lengths and checksums. Returns the record's bytes.</summary>
    public readonly Span<byte> Finish()
    {
        var length = KmlFormat.RoundUp(_at + 4, KmlFormat.Align);
        var record = _bytes[..length];
        record[_at..].Clear();
        BinaryPrimitives.WriteInt32LittleEndian(record, length);
        BinaryPrimitives.WriteUInt32LittleEndian(record[148..], _fields);
        BinaryPrimitives.WriteInt32LittleEndian(record[^4..], length);
        BinaryPrimitives.WriteUInt32LittleEndian(record[(KmlFormat.ResultOffset + 4)..], RecordView.ResultCrc(record));
        BinaryPrimitives.WriteUInt32LittleEndian(record[12..], RecordView.RecordCrc(record));
        return record;
    }

    /// <summary>A PAD that fills <paramref name="bytes"/>, a multiple of 16.</summary>
    public static void WritePad(Span<byte> bytes)
    {
        bytes.Clear();
        BinaryPrimitives.WriteInt32LittleEndian(bytes, bytes.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[4..], (ushort)Op.Pad);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[6..], KmlFormat.Version);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[^4..], bytes.Length);
    }

    private Span<byte> Reserve(FieldType type, int length)
    {
        var field = _bytes.Slice(_at, KmlFormat.FieldHeaderSize + KmlFormat.RoundUp(length, 8));
        field.Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(field, (ushort)type);
        BinaryPrimitives.WriteInt32LittleEndian(field[4..], length);
        _at += field.Length;
        _fields++;
        return field.Slice(KmlFormat.FieldHeaderSize, length);
    }

    private readonly void U32(int at, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(_bytes[at..], value);

    private readonly void U64(int at, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(_bytes[at..], value);
}
