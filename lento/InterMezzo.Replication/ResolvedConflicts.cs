// SPDX-License-Identifier: GPL-2.0-or-later
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using InterMezzo.Journal;

namespace InterMezzo.Replication;

/// <summary>
/// What was resolved lately, anywhere: told to whoever connects, so that he who was away drops what he keeps of it as well. Of
/// bounded length: whoever was away for longer than that must decide himself. Any thread.
/// </summary>
public sealed class ResolvedConflicts
{
    /// <summary>Some 40 KB that are told at each connection.</summary>
    public const int Most = 512;

    // | "RSLV" | version 4 | then each: loser 16 | object 24 | versions 1 | digest 32 * |
    private const uint Magic = 0x564c5352;
    private const uint Version = 1;
    private const int Header = 8;
    private const int Fixed = 16 + KmlFormat.FidSize + 1;

    private readonly Lock _gate = new();

    // guarded by _gate; the oldest first
    private readonly List<Entry> _entries = [];
    private ulong _count;

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _entries.Count;
            }
        }
    }

    /// <summary>False: nothing new.</summary>
    /// <param name="resolved">What was.</param>
    /// <param name="teller">The replica that told of it; 0: it was resolved here.</param>
    public bool Add(ResolvedConflict resolved, ulong teller)
    {
        lock (_gate)
        {
            var same = _entries.FindIndex(entry => (entry.Resolved.Loser, entry.Resolved.Object) == (resolved.Loser, resolved.Object));
            if (same >= 0 && _entries[same].Resolved.Says(resolved))
            {
                return false;
            }

            if (same >= 0)
            {
                var others = _entries[same].Resolved.Kept.Where(known => !resolved.Kept.Any(digest => digest.AsSpan().SequenceEqual(known)));
                resolved = resolved with { Kept = [.. resolved.Kept.Concat(others).Take(ResolvedConflict.MaxKept)] };
                teller = 0;
                _entries.RemoveAt(same);
            }
            else if (_entries.Count == Most)
            {
                _entries.RemoveAt(0);
            }

            _entries.Add(new Entry(++_count, teller, resolved));
            return true;
        }
    }

    /// <summary>What a peer is to be told that was told all up to a number. Empty: nothing is new, or the peer has told it.</summary>
    public IReadOnlyList<ResolvedConflict> Next(ref ulong told, ulong peer, int most)
    {
        lock (_gate)
        {
            var next = new List<ResolvedConflict>();
            foreach (var entry in _entries)
            {
                if (entry.Number > told && next.Count < most)
                {
                    told = entry.Number;
                    if (entry.Teller != peer)
                    {
                        next.Add(entry.Resolved);
                    }
                }
            }

            return next;
        }
    }

    /// <summary>Whether something of an update that has lost may have been resolved.</summary>
    public bool MayCover(Dot loser, Fid subject)
    {
        lock (_gate)
        {
            return _entries.Exists(entry => entry.Resolved.IsAbout(loser, subject));
        }
    }

    public bool Covers(Dot loser, Fid subject, IReadOnlyList<byte[]> kept)
    {
        lock (_gate)
        {
            return _entries.Exists(entry => entry.Resolved.Covers(loser, subject, kept));
        }
    }

    public byte[] Encode()
    {
        lock (_gate)
        {
            var bytes = new byte[Header + _entries.Sum(entry => Fixed + (entry.Resolved.Kept.Count * ResolvedConflict.DigestSize))];
            BinaryPrimitives.WriteUInt32LittleEndian(bytes, Magic);
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), Version);
            var at = Header;
            foreach (var (_, _, resolved) in _entries)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(at), resolved.Loser.Replica);
                BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(at + 8), resolved.Loser.Counter);
                resolved.Object.Write(bytes.AsSpan(at + 16));
                bytes[at + Fixed - 1] = (byte)resolved.Kept.Count;
                at += Fixed;
                foreach (var digest in resolved.Kept)
                {
                    digest.CopyTo(bytes, at);
                    at += ResolvedConflict.DigestSize;
                }
            }

            return bytes;
        }
    }

    /// <summary>What is damaged, or of a later version, is forgotten: others tell it again, or the user decides once more.</summary>
    public static ResolvedConflicts Decode(ReadOnlySpan<byte> bytes)
    {
        var list = new ResolvedConflicts();
        if (bytes.Length < Header || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Magic || BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]) != Version)
        {
            return list;
        }

        bytes = bytes[Header..];
        while (TryRead(ref bytes, out var resolved))
        {
            if (resolved.IsWhole)
            {
                list.Add(resolved, 0);
            }
        }

        return list;
    }

    private static bool TryRead(ref ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out ResolvedConflict? resolved)
    {
        resolved = null;
        if (bytes.Length < Fixed || bytes[Fixed - 1] > ResolvedConflict.MaxKept || bytes.Length < Fixed + (bytes[Fixed - 1] * ResolvedConflict.DigestSize))
        {
            return false;
        }

        var kept = new byte[bytes[Fixed - 1]][];
        for (var i = 0; i < kept.Length; i++)
        {
            kept[i] = bytes.Slice(Fixed + (i * ResolvedConflict.DigestSize), ResolvedConflict.DigestSize).ToArray();
        }

        var loser = new Dot(BinaryPrimitives.ReadUInt64LittleEndian(bytes), BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]));
        resolved = new ResolvedConflict(loser, Fid.Read(bytes[16..]), kept);
        bytes = bytes[(Fixed + (kept.Length * ResolvedConflict.DigestSize))..];
        return true;
    }

    /// <param name="Number">Grows.</param>
    /// <param name="Teller">Who told of it.</param>
    /// <param name="Resolved">What was.</param>
    private readonly record struct Entry(ulong Number, ulong Teller, ResolvedConflict Resolved);
}
