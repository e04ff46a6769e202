// SPDX-License-Identifier: GPL-2.0-or-later
using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform;

/// <summary>
/// By what replicas know that they keep the same bytes: contents, targets, and the names below a directory. Mode, owner and
/// times, which each may have otherwise, are no part of it, nor is the name in the store, nor where a content has holes.
/// </summary>
internal sealed partial class ConflictStore
{
    private const int Block = 4096;
    private const int Blocks = 32;

    public IReadOnlyList<byte[]> Digests(KeptConflict conflict)
    {
        var digests = new List<byte[]>();
        foreach (var name in conflict.Kept)
        {
            var digest = DigestOf(Walk(conflict, name));
            if (!digests.Exists(other => other.AsSpan().SequenceEqual(digest)))
            {
                digests.Add(digest);
            }
        }

        return digests;
    }

    /// <summary>Directories are read in whatever order their file system has: each object counts with its path, in no order.</summary>
    private static byte[] DigestOf(IEnumerable<KeptObject> objects)
    {
        var sum = new byte[ResolvedConflict.DigestSize];
        var path = new List<byte[]>();
        var buffer = ArrayPool<byte>.Shared.Rent(Block * Blocks);
        try
        {
            foreach (var item in objects)
            {
                path.RemoveRange(item.Depth, path.Count - item.Depth);
                path.Add(item.Depth == 0 ? [] : item.Name.ToArray());
                using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
                path.ForEach(name => hash.AppendData([.. name, (byte)'/']));
                AddObject(hash, item.Object, buffer.AsSpan(0, Block * Blocks));
                var one = hash.GetHashAndReset();
                for (var i = 0; i < sum.Length; i++)
                {
                    sum[i] ^= one[i];
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return sum;
    }

    private static void AddObject(IncrementalHash hash, ITreeObject item, Span<byte> buffer)
    {
        AddNumber(hash, item.Type);
        if (item.Type == FileType.Regular)
        {
            AddContent(hash, item, buffer);
            AddNumber(hash, item.ReadState().Attr.Size);
        }
        else
        {
            hash.AppendData(item.ReadState().Target ?? []);
        }
    }

    private static void AddContent(IncrementalHash hash, ITreeObject file, Span<byte> buffer)
    {
        for (ulong at = 0; file.NextData(at, out var start, out var end);)
        {
            at = start / Block * Block;
            while (at < end)
            {
                var count = Fill(file, at, buffer);
                if (count == 0)
                {
                    return;
                }

                AddBlocks(hash, at, buffer[..count]);
                at += (ulong)count;
                if (count < buffer.Length)
                {
                    return;
                }
            }
        }
    }

    /// <summary>A block of zeros is none.</summary>
    private static void AddBlocks(IncrementalHash hash, ulong at, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var block = bytes[..Math.Min(Block, bytes.Length)];
            if (block.ContainsAnyExcept((byte)0))
            {
                AddNumber(hash, at);
                hash.AppendData(block);
            }

            at += (ulong)block.Length;
            bytes = bytes[block.Length..];
        }
    }

    /// <summary>Less than the whole buffer: the file ends.</summary>
    private static int Fill(ITreeObject file, ulong at, Span<byte> buffer)
    {
        var done = 0;
        while (done < buffer.Length && file.Read(at + (ulong)done, buffer[done..]) is > 0 and var count)
        {
            done += count;
        }

        return done;
    }

    private static void AddNumber(IncrementalHash hash, ulong number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, number);
        hash.AppendData(bytes);
    }
}
