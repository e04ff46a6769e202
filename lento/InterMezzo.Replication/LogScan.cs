// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Replication;

/// <summary>Reads a stretch of a log from its beginning to its end.</summary>
public static class LogScan
{
    /// <summary>Records in [from, to), each valid until the next is taken.</summary>
    public static IEnumerable<(ulong Offset, ReadOnlyMemory<byte> Record)> Records(IJournal journal, ulong from, ulong to)
    {
        var buffer = new byte[KmlFormat.ChunkSize];
        while (from < to)
        {
            var count = journal.Read(from, buffer);
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
}
