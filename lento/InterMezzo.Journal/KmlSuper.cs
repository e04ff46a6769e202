// SPDX-License-Identifier: GPL-2.0-or-later
using System.Buffers.Binary;

namespace InterMezzo.Journal;

/// <summary>The first page of a log file.</summary>
/// <param name="LogId">Random, made with the log: a log with another one is another log. 16 bytes.</param>
/// <param name="Fileset">Its name, without padding.</param>
public sealed record KmlSuper(Guid LogId, byte[] Fileset)
{
    private const int CrcOffset = 304;

    private static ReadOnlySpan<byte> Magic => "IMezzKML"u8;

    /// <exception cref="KmlException">The page isn't the super page of a log that this program can read.</exception>
    public static KmlSuper Parse(ReadOnlySpan<byte> page)
    {
        if (page.Length < CrcOffset + 4 || !page.StartsWith(Magic))
        {
            throw new KmlException(ParseStatus.Damaged, "This is no InterMezzo journal: it doesn't begin with IMezzKML.");
        }

        if (Crc32C.Append(0, page[..CrcOffset]) != BinaryPrimitives.ReadUInt32LittleEndian(page[CrcOffset..]))
        {
            throw new KmlException(ParseStatus.Damaged, "The journal's super page is damaged: its checksum is wrong.");
        }

        if (BinaryPrimitives.ReadUInt32LittleEndian(page[8..]) != KmlFormat.Version
            || BinaryPrimitives.ReadUInt32LittleEndian(page[12..]) != KmlFormat.ChunkSize
            || BinaryPrimitives.ReadUInt64LittleEndian(page[40..]) != 0)
        {
            throw new KmlException(ParseStatus.Unknown, "The journal has a version or features that this program doesn't know: use a newer one.");
        }

        var fileset = page.Slice(48, 256);
        var end = fileset.IndexOf((byte)0);
        return new KmlSuper(new Guid(page.Slice(16, 16), bigEndian: true), fileset[..(end < 0 ? 256 : end)].ToArray());
    }

    /// <summary>Makes the page of a new log.</summary>
    /// <param name="page">4096 bytes.</param>
    public void Write(Span<byte> page)
    {
        page.Clear();
        Magic.CopyTo(page);
        BinaryPrimitives.WriteUInt32LittleEndian(page[8..], KmlFormat.Version);
        BinaryPrimitives.WriteUInt32LittleEndian(page[12..], KmlFormat.ChunkSize);
        LogId.TryWriteBytes(page[16..], bigEndian: true, out _);
        Fileset.CopyTo(page[48..]);
        BinaryPrimitives.WriteUInt32LittleEndian(page[CrcOffset..], Crc32C.Append(0, page[..CrcOffset]));
    }
}
