// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Replication;

/// <summary>
/// A place in a log together with the checksum of the record before it: a log that went back in time (a restored disk)
/// and has grown since holds something else there.
/// </summary>
/// <param name="Offset">A record starts here, or the log ends.</param>
/// <param name="Check">Checksum of the last record before it. 0: not known.</param>
public readonly record struct LogPlace(ulong Offset, uint Check);

/// <summary>Whether a log still is what somebody was told of it.</summary>
public static class LogCheck
{
    /// <summary>The checksum of the last record below an offset. 0: there is none (any more).</summary>
    /// <exception cref="JournalException"/>
    public static uint Before(IJournal journal, ulong offset)
    {
        // Records don't cross the borders of chunks, so one starts at each.
        var chunk = (offset - 1) & ~((ulong)KmlFormat.ChunkSize - 1);
        uint check = 0;
        foreach (var (_, bytes) in LogScan.Records(journal, Math.Max(chunk, journal.Info.First), offset))
        {
            var record = RecordView.Parse(bytes.Span);
            check = record.IsPad ? check : record.Crc;
        }

        return check;
    }

    /// <summary>The log goes on from this place. What can't be told any more is believed.</summary>
    public static bool Has(IJournal journal, LogPlace place) =>
        place.Offset <= journal.Info.Head && (place.Check == 0 || Before(journal, place.Offset) is var check && (check == 0 || check == place.Check));

    /// <summary>The log surely goes on from this place.</summary>
    public static bool HasSurely(IJournal journal, LogPlace place) =>
        place.Check != 0 && place.Offset <= journal.Info.Head && Before(journal, place.Offset) == place.Check;
}
