// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Journal;

/// <summary>
/// Sizes, offsets and limits of the log. <c>kernel/intermezzo.h</c> defines them and pictures the bytes; a test
/// compares each with what the C compiler says.
/// </summary>
public static class KmlFormat
{
    public const int Version = 1;

    /// <summary>Bytes of the super page; the first record follows.</summary>
    public const int SuperSize = 4096;

    /// <summary>No record crosses a multiple of this.</summary>
    public const int ChunkSize = 256 * 1024;

    /// <summary>Bytes of the longest record.</summary>
    public const int RecordMax = 128 * 1024;

    /// <summary>Records start at, and are as long as, a multiple of this.</summary>
    public const int Align = 16;

    /// <summary>Bytes of the shortest PAD.</summary>
    public const int PadMin = 16;

    /// <summary>Bytes before the first field.</summary>
    public const int HeaderSize = 168;

    public const int ResultOffset = 72;
    public const int ResultSize = 48;
    public const int FidSize = 24;
    public const int ObjectSize = 40;
    public const int AttrSize = 72;
    public const int RangeSize = 16;
    public const int FieldHeaderSize = 8;

    /// <summary>Bytes of a name, of an xattr's name.</summary>
    public const int NameMax = 255;

    /// <summary>Bytes of a symlink's target.</summary>
    public const int TargetMax = 4095;

    /// <summary>Bytes of an xattr's value.</summary>
    public const int XattrMax = 65536;

    /// <summary>Bytes of a MARK's payload.</summary>
    public const int MarkMax = 65536;

    public const int RangesMax = 16;

    public const uint Intent = 0x544e4900;
    public const uint Done = 0x4e4f4400;
    public const uint Void = 0x44494f56;

    /// <summary>The xattr that holds a replicated object's FID.</summary>
    public static ReadOnlySpan<byte> FidXattr => "trusted.intermezzo.fid"u8;

    internal static int RoundUp(int length, int to) => (length + to - 1) & -to;
}
