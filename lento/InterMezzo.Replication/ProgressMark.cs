// SPDX-License-Identifier: GPL-2.0-or-later
using System.Buffers.Binary;

namespace InterMezzo.Replication;

/// <summary>
/// What a replica notes in its own log, as the payload of a MARK, after each
/// batch of a peer: everything of the peer's log below the position is applied.
/// Together with the sources of later applied records it is the one truth about
/// how far this replica is.
/// </summary>
/// <param name="Peer">The peer's replica id.</param>
/// <param name="Position">In the peer's log.</param>
/// <param name="Echo">The own log below this is in the peer's log below the position: ordered by the server, or lost there.</param>
/// <param name="Vector">The updates this replica has.</param>
/// <param name="Source">When the index saves it in the middle of a batch: the last record applied beyond the position. 0 in a MARK.</param>
/// <param name="Partial">That record is applied in part only.</param>
/// <param name="Joins">A join ends: what follows was made by one who knows the peer's log up to there, but not all is here yet.</param>
/// <param name="Check">Of the peer's log, before the position (<see cref="LogPlace"/>).</param>
/// <param name="Former">
/// Where the peer's log was when the peer began anew with one that had gone back in time; at a client, where the own log was
/// when it joined the peer (no check).
/// </param>
/// <param name="OfServer">The peer is this replica's server; otherwise this one is the peer's.</param>
public sealed record ProgressMark(
    ulong Peer, Position Position, ulong Echo, VersionVector Vector, ulong Source = 0, bool Partial = false, bool Joins = false, uint Check = 0,
    LogPlace Former = default, bool OfServer = false)
{
    // | "PROG" | version 2 | count 2 | peer 8 | log 16 | offset 8 | source 8 | flags 8 | echo 8 |
    // | check 4 | former: check 4, offset 8 | count * (replica 8, counter 8) |
    private const ulong FlagPartial = 1;
    private const ulong FlagJoins = 2;
    private const ulong FlagServer = 4;
    private const uint Magic = 0x474f5250;
    private const ushort Version = 2;
    private const int Header = 80;
    private const int Entry = 16;

    public byte[] Encode()
    {
        var bytes = new byte[Header + (Vector.Counts.Count * Entry)];
        var span = bytes.AsSpan();
        BinaryPrimitives.WriteUInt32LittleEndian(span, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(span[4..], Version);
        BinaryPrimitives.WriteUInt16LittleEndian(span[6..], checked((ushort)Vector.Counts.Count));
        BinaryPrimitives.WriteUInt64LittleEndian(span[8..], Peer);
        Position.Log.Write(span[16..]);
        BinaryPrimitives.WriteUInt64LittleEndian(span[32..], Position.Offset);
        BinaryPrimitives.WriteUInt64LittleEndian(span[40..], Source);
        BinaryPrimitives.WriteUInt64LittleEndian(span[48..], (Partial ? FlagPartial : 0) | (Joins ? FlagJoins : 0) | (OfServer ? FlagServer : 0));
        BinaryPrimitives.WriteUInt64LittleEndian(span[56..], Echo);
        BinaryPrimitives.WriteUInt32LittleEndian(span[64..], Check);
        BinaryPrimitives.WriteUInt32LittleEndian(span[68..], Former.Check);
        BinaryPrimitives.WriteUInt64LittleEndian(span[72..], Former.Offset);
        var at = Header;
        foreach (var (replica, counter) in Vector.Counts)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(span[at..], replica);
            BinaryPrimitives.WriteUInt64LittleEndian(span[(at + 8)..], counter);
            at += Entry;
        }

        return bytes;
    }

    /// <summary>Null if the payload is something else, or of a later version.</summary>
    public static ProgressMark? Decode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < Header ||
            BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Magic ||
            BinaryPrimitives.ReadUInt16LittleEndian(bytes[4..]) != Version)
        {
            return null;
        }

        var count = BinaryPrimitives.ReadUInt16LittleEndian(bytes[6..]);
        if (bytes.Length < Header + (count * Entry))
        {
            return null;
        }

        var vector = new VersionVector();
        for (var at = Header; at < Header + (count * Entry); at += Entry)
        {
            vector.Advance(BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]), BinaryPrimitives.ReadUInt64LittleEndian(bytes[(at + 8)..]));
        }

        var flags = BinaryPrimitives.ReadUInt64LittleEndian(bytes[48..]);
        var position = new Position(LogId.Read(bytes[16..]), BinaryPrimitives.ReadUInt64LittleEndian(bytes[32..]));
        return new ProgressMark(
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]),
            position,
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[56..]),
            vector,
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[40..]),
            (flags & FlagPartial) != 0,
            (flags & FlagJoins) != 0,
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[64..]),
            new LogPlace(BinaryPrimitives.ReadUInt64LittleEndian(bytes[72..]), BinaryPrimitives.ReadUInt32LittleEndian(bytes[68..])),
            (flags & FlagServer) != 0);
    }
}
