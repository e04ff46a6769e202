// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using System.Text;
using InterMezzo.Journal;

namespace InterMezzo.Ctl;

/// <summary>A record for people: one line.</summary>
internal static class RecordText
{
    public static string Format(ulong offset, RecordView record)
    {
        var line = new StringBuilder();
        line.Append(CultureInfo.InvariantCulture, $"{offset,10} {RecordWords.Of(record.Time)} {RecordWords.Of(record.Op),-11}");
        AddWhat(line, record);
        AddOrigin(line, record);
        return line.ToString();
    }

    /// <summary>What was done, without where it stands and who did it.</summary>
    public static string What(RecordView record)
    {
        var line = new StringBuilder(RecordWords.Of(record.Op));
        AddWhat(line, record);
        return line.ToString();
    }

    private static void AddWhat(StringBuilder line, RecordView record)
    {
        AddObjects(line, record);
        AddValues(line, record);
    }

    private static void AddObjects(StringBuilder line, RecordView record)
    {
        if (record.TryGetObject(out var subject) || record.TryGetMade(out subject))
        {
            line.Append(' ').Append(RecordWords.Of(subject.Fid));
        }

        if (record.TryGetParent(out var parent))
        {
            line.Append($" {ByteName.ForPeople(record.Name)} in {RecordWords.Of(parent.Fid)}");
        }

        if (record.TryGetParent2(out var parent2))
        {
            line.Append($" to {ByteName.ForPeople(record.Name2)} in {RecordWords.Of(parent2.Fid)}");
        }

        if (record.TryGetReplaced(out var replaced))
        {
            line.Append($" replacing {RecordWords.Of(replaced.Fid)}");
        }
    }

    private static void AddValues(StringBuilder line, RecordView record)
    {
        if (record.Has(FieldType.Target))
        {
            line.Append($" -> {ByteName.ForPeople(record.Target)}");
        }

        if (record.Has(FieldType.XattrName))
        {
            line.Append($" {ByteName.ForPeople(record.XattrName)}");
        }

        if (record.TryGetAttr(out var attr))
        {
            AddAttr(line, attr);
        }

        if (record.Has(FieldType.Payload))
        {
            line.Append($" {record.Payload.Length} bytes");
        }
    }

    private static void AddAttr(StringBuilder line, KmlAttr attr)
    {
        if (attr.Has(AttrValid.Mode))
        {
            line.Append($" mode {Convert.ToString(attr.Mode & 0xfff, 8)}");
        }

        if (attr.Has(AttrValid.Uid))
        {
            line.Append(CultureInfo.InvariantCulture, $" uid {attr.Uid}");
        }

        if (attr.Has(AttrValid.Gid))
        {
            line.Append(CultureInfo.InvariantCulture, $" gid {attr.Gid}");
        }

        if (attr.Has(AttrValid.Size))
        {
            line.Append(CultureInfo.InvariantCulture, $" size {attr.Size}");
        }
    }

    private static void AddOrigin(StringBuilder line, RecordView record)
    {
        var words = RecordWords.Of(record.Flags, record.IsVoid).ToList();
        if (record.Dot.Replica != 0)
        {
            words.Add($"{RecordWords.Replica(record.Dot.Replica)}:{record.Dot.Counter}");
        }

        if (record.Peer != 0)
        {
            words.Add($"from {RecordWords.Replica(record.Peer)}");
        }

        if (words.Count > 0)
        {
            line.Append($" [{string.Join(" ", words)}]");
        }
    }
}
