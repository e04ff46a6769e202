// SPDX-License-Identifier: GPL-2.0-or-later
using System.Buffers.Binary;

namespace InterMezzo.Journal;

/// <summary>What a record says, field by field.</summary>
public readonly ref partial struct RecordView
{
    /// <summary>Empty: the record has none.</summary>
    public ReadOnlySpan<byte> Name => Find(FieldType.Name);

    public ReadOnlySpan<byte> Name2 => Find(FieldType.Name2);

    /// <summary>Of a symlink.</summary>
    public ReadOnlySpan<byte> Target => Find(FieldType.Target);

    public ReadOnlySpan<byte> XattrName => Find(FieldType.XattrName);

    public ReadOnlySpan<byte> XattrValue => Find(FieldType.XattrValue);

    /// <summary>Of a MARK.</summary>
    public ReadOnlySpan<byte> Payload => Find(FieldType.Payload);

    /// <summary>Whose log <see cref="Source"/> is an offset in. 0: the maker's, or it wasn't applied.</summary>
    public ulong Peer => TryFind(FieldType.Peer, out var data) ? BinaryPrimitives.ReadUInt64LittleEndian(data) : 0;

    public int RangeCount => Find(FieldType.Ranges).Length / KmlFormat.RangeSize;

    public bool Has(FieldType type) => TryFind(type, out _);

    public bool TryGetObject(out KmlObject value) => TryGet(FieldType.Object, out value);

    public bool TryGetParent(out KmlObject value) => TryGet(FieldType.Parent, out value);

    public bool TryGetParent2(out KmlObject value) => TryGet(FieldType.Parent2, out value);

    public bool TryGetReplaced(out KmlObject value) => TryGet(FieldType.Replaced, out value);

    public bool TryGetAttr(out KmlAttr value) => TryGet(FieldType.Attr, out value);

    public bool TryGetAttrBefore(out KmlAttr value) => TryGet(FieldType.AttrBefore, out value);

    public KmlRange Range(int index)
    {
        var bytes = Find(FieldType.Ranges).Slice(index * KmlFormat.RangeSize, KmlFormat.RangeSize);
        return new KmlRange(BinaryPrimitives.ReadUInt64LittleEndian(bytes), BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]));
    }

    /// <summary>The object that an operation made (CREATE, MKDIR, SYMLINK, MKNOD), from its result.</summary>
    public bool TryGetMade(out KmlObject value)
    {
        var result = Result;
        value = new KmlObject(new Fid(Dot.Replica, result.Ino, result.Gen), result.Ino, result.Gen, result.Mode);
        return Op is Op.Create or Op.Mkdir or Op.Symlink or Op.Mknod && result.Ino != 0;
    }

    private ReadOnlySpan<byte> Find(FieldType type) => TryFind(type, out var data) ? data : default;

    private bool TryFind(FieldType type, out ReadOnlySpan<byte> data)
    {
        var fields = new FieldEnumerator(this);
        while (fields.MoveNext())
        {
            if (fields.Type == type)
            {
                data = fields.Data;
                return true;
            }
        }

        data = default;
        return false;
    }

    private bool TryGet(FieldType type, out KmlObject value)
    {
        var found = TryFind(type, out var data);
        value = found ? KmlObject.Read(data) : default;
        return found;
    }

    private bool TryGet(FieldType type, out KmlAttr value)
    {
        var found = TryFind(type, out var data);
        value = found ? KmlAttr.Read(data) : default;
        return found;
    }

    private bool AreFieldsRight()
    {
        var at = KmlFormat.HeaderSize;
        var end = Length - 4;
        var seen = 0u;
        for (var left = U32(148); left > 0; left--)
        {
            if (end - at < KmlFormat.FieldHeaderSize)
            {
                return false;
            }

            var type = (FieldType)U16(at);
            var length = U32(at + 4);
            at += KmlFormat.FieldHeaderSize;
            if (length > end - at || KmlFormat.RoundUp((int)length, 8) > end - at || !IsRight(type, _bytes.Slice(at, (int)length)))
            {
                return false;
            }

            // A field stands once; unknown types (of a later version) are passed over.
            if ((ushort)type < 32)
            {
                if ((seen & (1u << (ushort)type)) != 0)
                {
                    return false;
                }

                seen |= 1u << (ushort)type;
            }

            at += KmlFormat.RoundUp((int)length, 8);
        }

        return end - at < KmlFormat.Align;
    }

    private static bool IsRight(FieldType type, ReadOnlySpan<byte> data) => type switch
    {
        FieldType.Object or FieldType.Parent or FieldType.Parent2 or FieldType.Replaced => data.Length == KmlFormat.ObjectSize,
        FieldType.Attr or FieldType.AttrBefore => data.Length == KmlFormat.AttrSize && AreTimesRight(data),
        FieldType.Name or FieldType.Name2 => IsName(data),
        FieldType.Target => data.Length is > 0 and <= KmlFormat.TargetMax && !data.Contains((byte)0),
        FieldType.XattrName => data.Length is > 0 and <= KmlFormat.NameMax && !data.Contains((byte)0),
        FieldType.XattrValue => data.Length <= KmlFormat.XattrMax,
        FieldType.Ranges => data.Length % KmlFormat.RangeSize == 0 && data.Length <= KmlFormat.RangesMax * KmlFormat.RangeSize,
        FieldType.Payload => data.Length <= KmlFormat.MarkMax,
        FieldType.Peer => data.Length == sizeof(ulong),
        _ => true,
    };

    /// <summary>A name of one directory entry: 1 to 255 bytes, no slash, no NUL, neither . nor ..</summary>
    public static bool IsName(ReadOnlySpan<byte> name) =>
        name.Length is > 0 and <= KmlFormat.NameMax && !name.ContainsAny((byte)'/', (byte)0) && !name.SequenceEqual("."u8) && !name.SequenceEqual(".."u8);

    private static bool AreTimesRight(ReadOnlySpan<byte> attr)
    {
        var value = KmlAttr.Read(attr);
        return IsTime(value.AccessTime) && IsTime(value.ModifyTime) && IsTime(value.ChangeTime);
    }

    private static bool IsTime(KmlTime time) => time.Nanoseconds < 1_000_000_000;

    /// <summary>The fields in their order.</summary>
    public ref struct FieldEnumerator
    {
        private readonly ReadOnlySpan<byte> _bytes;
        private int _at = KmlFormat.HeaderSize;
        private int _left;
        private int _next = KmlFormat.HeaderSize;

        internal FieldEnumerator(RecordView record)
        {
            _bytes = record._bytes;
            _left = record.Fields;
        }

        public readonly FieldType Type => (FieldType)BinaryPrimitives.ReadUInt16LittleEndian(_bytes[_at..]);

        public readonly ReadOnlySpan<byte> Data => _bytes.Slice(_at + KmlFormat.FieldHeaderSize, DataLength);

        internal readonly int DataOffset => _at + KmlFormat.FieldHeaderSize;

        private readonly int DataLength => (int)BinaryPrimitives.ReadUInt32LittleEndian(_bytes[(_at + 4)..]);

        public bool MoveNext()
        {
            if (_left == 0)
            {
                return false;
            }

            _left--;
            _at = _next;
            _next = _at + KmlFormat.FieldHeaderSize + KmlFormat.RoundUp(DataLength, 8);
            return true;
        }
    }

    public FieldEnumerator EnumerateFields() => new(this);
}
