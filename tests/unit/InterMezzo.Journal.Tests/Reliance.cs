// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Journal.Tests;

/// <summary>What users of a record rely on once it was taken for one. Reads each of its members.</summary>
internal static class Reliance
{
    private const uint Second = 1_000_000_000;

    /// <summary>What is not so. Null: all is.</summary>
    public static string? Broken(RecordView record)
    {
        var sum = record.Recno ^ record.Stable ^ record.Dirty ^ record.Local ^ record.Source ^ record.Uid ^ record.Gid ^ record.Pid ^ record.Aux ^
            record.Dot.Counter ^ (uint)record.Flags ^ record.Crc;
        record.TryGetMade(out var made);
        if (sum == 0 && made.Ino == 1)
        {
            return "reading is not to be left out";
        }

        return Length(record) ?? Names(record) ?? Times(record) ?? Fields(record);
    }

    private static string? Length(RecordView record) =>
        record.Length % KmlFormat.Align != 0 || record.Length > (record.IsPad ? KmlFormat.ChunkSize : KmlFormat.RecordMax) ? "its length" : null;

    private static string? Names(RecordView record)
    {
        if ((record.Has(FieldType.Name) && !RecordView.IsName(record.Name)) || (record.Has(FieldType.Name2) && !RecordView.IsName(record.Name2)))
        {
            return "a name that is none";
        }

        return record.Target.Contains((byte)0) || record.XattrName.Contains((byte)0) ? "a NUL within a string" : null;
    }

    private static string? Times(RecordView record)
    {
        record.TryGetAttr(out var attr);
        record.TryGetAttrBefore(out var before);
        var greatest = Math.Max(Math.Max(record.Time.Nanoseconds, record.Result.Time.Nanoseconds), Math.Max(Nanoseconds(attr), Nanoseconds(before)));
        return greatest >= Second ? "a second of nanoseconds" : null;
    }

    private static uint Nanoseconds(KmlAttr attr) =>
        Math.Max(attr.AccessTime.Nanoseconds, Math.Max(attr.ModifyTime.Nanoseconds, attr.ChangeTime.Nanoseconds));

    /// <summary>Each stands once, within the record, and is found.</summary>
    private static string? Fields(RecordView record)
    {
        var bytes = 0;
        var fields = record.EnumerateFields();
        while (fields.MoveNext())
        {
            bytes += KmlFormat.FieldHeaderSize + fields.Data.Length;
            if (fields.Type <= FieldType.Peer && fields.Type > 0 && !record.Has(fields.Type))
            {
                return $"{fields.Type} isn't found";
            }
        }

        for (var i = 0; i < record.RangeCount; i++)
        {
            _ = record.Range(i);
        }

        return bytes > record.Length || record.RangeCount > KmlFormat.RangesMax ? "fields beyond its end" : null;
    }
}
