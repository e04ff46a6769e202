// SPDX-License-Identifier: GPL-2.0-or-later
using System.Buffers;
using InterMezzo.Journal;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Replication;

/// <summary>Reads a stretch of a log from its beginning to its end.</summary>
public static class LogScan
{
    /// <summary>The record that starts at an offset, or the first that is still there after it. Null: there is none.</summary>
    public static byte[]? At(IJournal journal, ulong offset)
    {
        foreach (var (_, record) in Records(journal, Math.Max(offset, journal.Info.First), offset + 1))
        {
            return record.ToArray();
        }

        return null;
    }

    /// <summary>Records in [from, to), each valid until the next is taken or the enumeration ends.</summary>
    public static IEnumerable<(ulong Offset, ReadOnlyMemory<byte> Record)> Records(IJournal journal, ulong from, ulong to)
    {
        // Most stretches are a record or two, and there is one for each update that is applied.
        var buffer = ArrayPool<byte>.Shared.Rent(KmlFormat.ChunkSize);
        try
        {
            while (from < to)
            {
                var count = journal.Read(from, buffer.AsSpan(0, KmlFormat.ChunkSize));
                if (count == 0)
                {
                    yield break;
                }

                for (var at = 0; at < count && from < to;)
                {
                    var length = RecordView.Parse(buffer.AsSpan(at, count - at)).Length;
                    yield return (from, buffer.AsMemory(at, length));
                    at += length;
                    from += (ulong)length;
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
