// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using System.Text;
using InterMezzo.Journal;
using InterMezzo.Replication;
using InterMezzo.Simulation.Engine;

namespace InterMezzo.Simulation.Checks;

/// <summary>A log as text, a line for each record; what is trimmed is in brackets.</summary>
internal static class LogImage
{
    public static List<string> Of(Machine machine)
    {
        var lines = new List<string>();
        var log = machine.Disk.Log;
        var reader = new KmlReader(log.From(KmlFormat.SuperSize), KmlFormat.SuperSize);
        while (reader.MoveNext())
        {
            var line = Describe(reader.Offset, reader.Current, machine.Replica);
            lines.Add($"{machine.Name} {(reader.Offset < log.First ? $"[{line}]" : line)}");
        }

        return lines;
    }

    private static string Describe(ulong offset, RecordView record, ulong self)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{offset,6} {record.Op} {RecordFacts.Dot(record, self)} {RecordFacts.Object(record, self)} {Encoding.Latin1.GetString(record.Name)}");
        if (!record.Name2.IsEmpty)
        {
            text.Append(CultureInfo.InvariantCulture, $" -> {Encoding.Latin1.GetString(record.Name2)}");
        }

        if (record.TryGetReplaced(out var replaced))
        {
            text.Append(CultureInfo.InvariantCulture, $" replaces {replaced.Fid.Canonical(self)}");
        }

        if (record.Source != 0)
        {
            text.Append(CultureInfo.InvariantCulture, $" from {record.Source}");
        }

        if (record.Op == Op.Mark && ProgressMark.Decode(record.Payload) is { } mark)
        {
            text.Append(CultureInfo.InvariantCulture, $" {mark.Peer:x} to {mark.Position.Offset} echo {mark.Echo}");
        }

        return text.Append(record.Flags == 0 ? "" : $" {record.Flags}").ToString();
    }
}
