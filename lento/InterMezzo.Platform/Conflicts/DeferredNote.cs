// SPDX-License-Identifier: GPL-2.0-or-later
using System.Buffers.Binary;
using InterMezzo.Journal;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform;

/// <summary>What makes an entry of the conflict store one that waits: a file beside what is kept.</summary>
internal static class DeferredNote
{
    // | "DEFR" | version 4 | update 16 | object 24 | peer 8 | log 16 | source 8 | known 8 | payload |
    private const uint Magic = 0x52464544;
    private const uint Version = 1;
    private const int Header = 88;

    internal static byte[] Encode(DeferredContent content)
    {
        var bytes = new byte[Header + content.Payload.Length];
        var span = bytes.AsSpan();
        BinaryPrimitives.WriteUInt32LittleEndian(span, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(span[4..], Version);
        BinaryPrimitives.WriteUInt64LittleEndian(span[8..], content.Update.Replica);
        BinaryPrimitives.WriteUInt64LittleEndian(span[16..], content.Update.Counter);
        content.Object.Write(span[24..]);
        BinaryPrimitives.WriteUInt64LittleEndian(span[48..], content.Peer);
        content.Log.Write(span[56..]);
        BinaryPrimitives.WriteUInt64LittleEndian(span[72..], content.Source);
        BinaryPrimitives.WriteUInt64LittleEndian(span[80..], content.Known);
        content.Payload.CopyTo(span[Header..]);
        return bytes;
    }

    /// <summary>Null: it isn't one, or of a later version.</summary>
    internal static DeferredContent? Decode(ReadOnlySpan<byte> bytes) =>
        bytes.Length < Header ||
        BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Magic ||
        BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]) != Version
            ? null
            : new DeferredContent(
                new Dot(U64(bytes, 8), U64(bytes, 16)), Fid.Read(bytes[24..]), U64(bytes, 48), LogId.Read(bytes[56..]), U64(bytes, 72), U64(bytes, 80),
                bytes[Header..].ToArray());

    private static ulong U64(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]);
}
