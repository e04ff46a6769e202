// SPDX-License-Identifier: GPL-2.0-or-later
using System.Buffers.Binary;

namespace InterMezzo.Journal;

public enum ParseStatus
{
    Ok,

    /// <summary>The record is longer than the bytes that are here.</summary>
    NeedMore,

    /// <summary>A zero length: the log ends here.</summary>
    End,

    /// <summary>Not a record: lengths, checksum or structure are wrong.</summary>
    Damaged,

    /// <summary>A version or an operation that this program doesn't know.</summary>
    Unknown,
}

/// <summary>
/// One record, read in place. A view comes only from <see cref="TryParse"/>, which has checked it against everything
/// a damaged disk or a hostile peer could have put there: no member reads beyond the record, names are names.
/// </summary>
public readonly ref partial struct RecordView
{
    private readonly ReadOnlySpan<byte> _bytes;

    private RecordView(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    public ReadOnlySpan<byte> Bytes => _bytes;

    public int Length => _bytes.Length;

    public Op Op => (Op)U16(4);

    public RecordFlags Flags => (RecordFlags)U32(8);

    public uint Crc => U32(12);

    /// <summary>1, 2, 3, ... in the log; 0: a PAD.</summary>
    public ulong Recno => U64(16);

    /// <summary>Offset below which every record had ended.</summary>
    public ulong Stable => U64(24);

    /// <summary>Offset of the oldest open DIRTY mark, or of the record itself.</summary>
    public ulong Dirty => U64(32);

    public Dot Dot => new(U64(40), U64(48));

    /// <summary>Highest count of the log's own replica.</summary>
    public ulong Local => U64(56);

    /// <summary>Offset in the log that the update came from; 0: made here.</summary>
    public ulong Source => U64(64);

    /// <summary>A result whose checksum is wrong counts as INTENT with nothing in it.</summary>
    public KmlResult Result => IsPad || ResultCrc(_bytes) != U32(KmlFormat.ResultOffset + 4)
        ? new KmlResult(KmlFormat.Intent, 0, 0, 0, 0, 0, default, ResultFlags.None)
        : new KmlResult(U32(72), U64(80), U32(88), U32(92), U32(96), U32(100), new KmlTime((long)U64(104), U32(112)), (ResultFlags)U32(116));

    /// <summary>The operation failed, or a power cut came first: it never happened.</summary>
    public bool IsVoid => Result.State == KmlFormat.Void;

    public bool IsPad => Op == Op.Pad;

    /// <summary>When, by the clock of the lower file system.</summary>
    public KmlTime Time => new((long)U64(120), U32(128));

    public uint Uid => U32(132);

    public uint Gid => U32(136);

    public uint Pid => U32(140);

    /// <summary>By operation: rename flags, setxattr flags, ...</summary>
    public uint Aux => U32(144);

    public int Fields => (int)U32(148);

    /// <summary>Log and tree were durable below this offset.</summary>
    public ulong Synced => U64(152);

    /// <summary>How often the lower file system had been mounted; 0: not known.</summary>
    public ulong Mounts => U64(160);

    /// <summary>The record at the beginning of <paramref name="bytes"/>, which must be one.</summary>
    /// <exception cref="KmlException">It isn't.</exception>
    public static RecordView Parse(ReadOnlySpan<byte> bytes)
    {
        var status = TryParse(bytes, out var record);
        return status == ParseStatus.Ok ? record : throw new KmlException(status, $"No record stands where one was expected: {status}.");
    }

    /// <summary>The record, or PAD, at the beginning of <paramref name="bytes"/>.</summary>
    public static ParseStatus TryParse(ReadOnlySpan<byte> bytes, out RecordView record)
    {
        record = default;
        if (bytes.Length < KmlFormat.PadMin)
        {
            return ParseStatus.NeedMore;
        }

        var length = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        if (length == 0)
        {
            return ParseStatus.End;
        }

        var isPad = BinaryPrimitives.ReadUInt16LittleEndian(bytes[4..]) == (ushort)Op.Pad;
        if (length % KmlFormat.Align != 0 || length < KmlFormat.PadMin || length > (isPad ? KmlFormat.ChunkSize : KmlFormat.RecordMax))
        {
            return ParseStatus.Damaged;
        }

        if (length > bytes.Length)
        {
            return ParseStatus.NeedMore;
        }

        var view = new RecordView(bytes[..(int)length]);
        var status = view.Check();
        record = status == ParseStatus.Ok ? view : default;
        return status;
    }

    /// <summary>The checksum that a record ought to have.</summary>
    internal static uint RecordCrc(ReadOnlySpan<byte> bytes)
    {
        var crc = Crc32C.Append(0, bytes[..12]);
        crc = Crc32C.AppendZeros(crc, 4);
        crc = Crc32C.Append(crc, bytes[16..KmlFormat.ResultOffset]);
        crc = Crc32C.AppendZeros(crc, KmlFormat.ResultSize);
        return Crc32C.Append(crc, bytes[(KmlFormat.ResultOffset + KmlFormat.ResultSize)..]);
    }

    /// <summary>The checksum that a record's result ought to have.</summary>
    internal static uint ResultCrc(ReadOnlySpan<byte> bytes)
    {
        var crc = Crc32C.Append((uint)BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]), bytes.Slice(KmlFormat.ResultOffset, 4));
        crc = Crc32C.AppendZeros(crc, 4);
        return Crc32C.Append(crc, bytes.Slice(KmlFormat.ResultOffset + 8, KmlFormat.ResultSize - 8));
    }

    private ParseStatus Check()
    {
        if (U16(6) != KmlFormat.Version)
        {
            return ParseStatus.Unknown;
        }

        if (BinaryPrimitives.ReadInt32LittleEndian(_bytes[^4..]) != Length)
        {
            return ParseStatus.Damaged;
        }

        if (IsPad)
        {
            return ParseStatus.Ok;
        }

        if (Length < KmlFormat.HeaderSize + 4 || RecordCrc(_bytes) != Crc || !IsTime(Time) || !IsTime(Result.Time) || !AreFieldsRight())
        {
            return ParseStatus.Damaged;
        }

        return Op is > Op.None and <= Op.List ? ParseStatus.Ok : ParseStatus.Unknown;
    }

    // A PAD has no header to read from.
    private ushort U16(int at) => BinaryPrimitives.ReadUInt16LittleEndian(_bytes[at..]);

    private uint U32(int at) => at >= KmlFormat.PadMin && IsPad ? 0 : BinaryPrimitives.ReadUInt32LittleEndian(_bytes[at..]);

    private ulong U64(int at) => IsPad ? 0 : BinaryPrimitives.ReadUInt64LittleEndian(_bytes[at..]);
}
