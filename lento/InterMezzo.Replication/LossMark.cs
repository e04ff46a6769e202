// SPDX-License-Identifier: GPL-2.0-or-later
using System.Buffers.Binary;
using InterMezzo.Journal;

namespace InterMezzo.Replication;

/// <summary>
/// What a replica notes in its log, as the payload of a MARK, when an update of a peer isn't here as its maker has it. When
/// the mark comes to be sent, a server tells the client how what the update was about stands here; a client asks the server
/// how it stands there, which answers with a mark of its own.
/// </summary>
/// <param name="Peer">Whom it came from, or is asked.</param>
/// <param name="Source">Of the update, in the peer's log.</param>
/// <param name="Names">That it gave or took, and others of the objects: the directory and the name in it. 16 at most.</param>
/// <param name="Objects">That had one of these names. Two at most.</param>
/// <param name="Update">Its dot.</param>
/// <param name="IsContent">It was new content of the first object.</param>
public sealed record LossMark(
    ulong Peer, ulong Source, Dot Update, IReadOnlyList<(Fid Parent, byte[] Name)> Names, IReadOnlyList<Fid> Objects, bool IsContent)
{
    // | "LOST" | version 3 | content 1 | names 1 | objects 1 | peer 8 | source 8 | replica 8 | counter 8 |
    // | names * (parent 24, length 2, name) | objects * 24 |
    private const uint Magic = 0x54534f4c;
    private const byte Version = 3;
    private const int Header = 40;
    private const int FidSize = 24;
    private const int Most = 16;

    /// <summary>A question about an object, whatever it is called.</summary>
    public static LossMark OfObject(ulong peer, Fid fid) => new(peer, 0, default, [], [fid], IsContent: false);

    /// <param name="record">The update. It names everything by FIDs without replica 0.</param>
    /// <param name="peer">Whom it came from.</param>
    /// <param name="source">Where it stands in the peer's log.</param>
    /// <param name="others">Names that its objects got here, and that the peer doesn't know.</param>
    public static LossMark Of(RecordView record, ulong peer, ulong source, Func<Fid, IEnumerable<(Fid Parent, byte[] Name)>> others)
    {
        var names = new List<(Fid, byte[])>();
        if (record.Has(FieldType.Name) && record.TryGetParent(out var parent))
        {
            names.Add((parent.Fid, record.Name.ToArray()));
        }

        if (record.TryGetParent2(out var second))
        {
            names.Add((second.Fid, record.Name2.ToArray()));
        }

        var objects = new List<Fid> { RecordFacts.Object(record, 0) };
        if (record.TryGetReplaced(out var replaced) && replaced.Fid != objects[0])
        {
            objects.Add(replaced.Fid);
        }

        objects.RemoveAll(fid => fid.IsNone);
        names.AddRange(objects.SelectMany(others).Take(Most - names.Count));
        return new LossMark(peer, source, record.Dot, names, objects, RecordFacts.Rewrites(record));
    }

    public byte[] Encode()
    {
        var bytes = new byte[Header + Names.Sum(place => FidSize + 2 + place.Name.Length) + (Objects.Count * FidSize)];
        var span = bytes.AsSpan();
        BinaryPrimitives.WriteUInt32LittleEndian(span, Magic);
        (span[4], span[5]) = (Version, IsContent ? (byte)1 : (byte)0);
        (span[6], span[7]) = ((byte)Names.Count, (byte)Objects.Count);
        BinaryPrimitives.WriteUInt64LittleEndian(span[8..], Peer);
        BinaryPrimitives.WriteUInt64LittleEndian(span[16..], Source);
        BinaryPrimitives.WriteUInt64LittleEndian(span[24..], Update.Replica);
        BinaryPrimitives.WriteUInt64LittleEndian(span[32..], Update.Counter);
        span = span[Header..];
        foreach (var (parent, name) in Names)
        {
            parent.Write(span);
            BinaryPrimitives.WriteUInt16LittleEndian(span[FidSize..], (ushort)name.Length);
            name.CopyTo(span[(FidSize + 2)..]);
            span = span[(FidSize + 2 + name.Length)..];
        }

        foreach (var fid in Objects)
        {
            fid.Write(span);
            span = span[FidSize..];
        }

        return bytes;
    }

    /// <summary>Null if the payload is something else, or of another version.</summary>
    public static LossMark? Decode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < Header || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Magic ||
            bytes[4] != Version || bytes[6] > Most || bytes[7] > Most)
        {
            return null;
        }

        var rest = bytes[Header..];
        var names = new List<(Fid, byte[])>();
        for (var i = 0; i < bytes[6]; i++)
        {
            if (rest.Length < FidSize + 2 || BinaryPrimitives.ReadUInt16LittleEndian(rest[FidSize..]) is var length && rest.Length < FidSize + 2 + length)
            {
                return null;
            }

            names.Add((Fid.Read(rest), rest.Slice(FidSize + 2, length).ToArray()));
            rest = rest[(FidSize + 2 + length)..];
        }

        var objects = new List<Fid>();
        for (var i = 0; i < bytes[7]; i++)
        {
            if (rest.Length < FidSize)
            {
                return null;
            }

            objects.Add(Fid.Read(rest));
            rest = rest[FidSize..];
        }

        return new LossMark(
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]),
            new Dot(BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]), BinaryPrimitives.ReadUInt64LittleEndian(bytes[32..])),
            names,
            objects,
            bytes[5] != 0);
    }
}
