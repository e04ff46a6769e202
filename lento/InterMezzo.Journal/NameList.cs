// SPDX-License-Identifier: GPL-2.0-or-later
using System.Buffers.Binary;

namespace InterMezzo.Journal;

/// <summary>
/// The payload of a LIST: of the names whose hash, masked, has a value, a directory has these and no others. Read in
/// place; a view comes only from <see cref="TryParse"/>, which has checked it.
/// </summary>
public readonly ref struct NameList
{
    public const int HeaderSize = 16;

    private readonly ReadOnlySpan<byte> _names;

    private NameList(uint mask, uint value, ReadOnlySpan<byte> names)
    {
        (Mask, Value) = (mask, value);
        _names = names;
    }

    public uint Mask { get; }

    public uint Value { get; }

    /// <summary>False: it isn't a list of names that belong there.</summary>
    public static bool TryParse(ReadOnlySpan<byte> payload, out NameList list)
    {
        list = default;
        if (payload.Length < HeaderSize || BinaryPrimitives.ReadUInt32LittleEndian(payload[12..]) != 0)
        {
            return false;
        }

        var mask = BinaryPrimitives.ReadUInt32LittleEndian(payload);
        var value = BinaryPrimitives.ReadUInt32LittleEndian(payload[4..]);
        if ((mask & (mask + 1)) != 0 || value > mask)
        {
            return false;
        }

        var read = new NameList(mask, value, payload[HeaderSize..]);
        if (!read.IsRight(BinaryPrimitives.ReadUInt32LittleEndian(payload[8..])))
        {
            return false;
        }

        list = read;
        return true;
    }

    /// <summary>Does the list say whether this name is there?</summary>
    public bool SpeaksOf(ReadOnlySpan<byte> name) => (Hash(name) & Mask) == Value;

    public Enumerator GetEnumerator() => new(_names);

    /// <summary>Which of the lists of a directory speaks of a name: this, masked.</summary>
    public static uint Hash(ReadOnlySpan<byte> name) => Crc32C.Append(0, name);

    private bool IsRight(uint count)
    {
        var at = 0;
        for (; count > 0 && at < _names.Length; count--)
        {
            var length = _names[at++];
            if (length > _names.Length - at || !RecordView.IsName(_names.Slice(at, length)) || !SpeaksOf(_names.Slice(at, length)))
            {
                return false;
            }

            at += length;
        }

        return count == 0 && at == _names.Length;
    }

    public ref struct Enumerator
    {
        private ReadOnlySpan<byte> _left;

        internal Enumerator(ReadOnlySpan<byte> names) => _left = names;

        public ReadOnlySpan<byte> Current { get; private set; }

        public bool MoveNext()
        {
            if (_left.IsEmpty)
            {
                return false;
            }

            Current = _left.Slice(1, _left[0]);
            _left = _left[(1 + Current.Length)..];
            return true;
        }
    }
}
