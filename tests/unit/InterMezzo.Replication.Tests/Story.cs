// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;

namespace InterMezzo.Replication.Tests;

/// <summary>
/// A log written as a line: "create:a dirty:a close:a mkdir setattr:a resize:a unlink:a mark".
/// Each record is 16 bytes long and the first stands at 16, so record n stands at 16 * n.
/// </summary>
internal static class Story
{
    public const int RecordLength = 16;

    public static List<LogEntry> Parse(string story, ulong size = 10) =>
        [.. story.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select((word, index) => Entry(word, (ulong)(index + 1) * RecordLength, size))];

    public static Fid Object(string name) => new(7, name[0], 1);

    private static LogEntry Entry(string word, ulong offset, ulong size)
    {
        var parts = word.Split(':');
        var (ships, effect) = parts[0] switch
        {
            "create" => (true, ContentEffect.Begins),
            "dirty" => (false, ContentEffect.Opens),
            "close" => (true, ContentEffect.Completes),
            "enter" => (true, ContentEffect.Enters),
            "resize" => (true, ContentEffect.Resizes),
            "setattr" => (true, ContentEffect.Attributes),
            "unlink" => (true, ContentEffect.Ends),
            "mkdir" => (true, ContentEffect.None),
            "mark" => (false, ContentEffect.None),
            _ => throw new ArgumentException(word),
        };
        return new LogEntry(offset, RecordLength, ships, effect, parts.Length > 1 ? Object(parts[1]) : default, size);
    }
}
