// SPDX-License-Identifier: GPL-2.0-or-later
using System.Buffers.Binary;

namespace InterMezzo.Journal;

/// <summary>
/// Records as they travel: in a log, replica 0 means the log's own replica; on the wire everybody has a name.
/// </summary>
public static class Canonical
{
    /// <summary>Names the replica wherever a record that passed <see cref="RecordView.TryParse"/> says 0; in place.</summary>
    public static void Rewrite(Span<byte> record, ulong self)
    {
        var view = RecordView.Parse(record);
        if (view.IsPad)
        {
            return;
        }

        Name(record[40..], self);
        var fields = view.EnumerateFields();
        while (fields.MoveNext())
        {
            if (fields.Type is FieldType.Object or FieldType.Parent or FieldType.Parent2 or FieldType.Replaced)
            {
                Name(record[fields.DataOffset..], self);
            }
        }

        BinaryPrimitives.WriteUInt32LittleEndian(record[12..], RecordView.RecordCrc(record));
    }

    /// <summary>Whether no replica 0 is left in it.</summary>
    public static bool IsCanonical(RecordView record)
    {
        if (record.Dot.Replica == 0)
        {
            return false;
        }

        var fields = record.EnumerateFields();
        while (fields.MoveNext())
        {
            if (fields.Type is FieldType.Object or FieldType.Parent or FieldType.Parent2 or FieldType.Replaced && Fid.Read(fields.Data).Replica == 0)
            {
                return false;
            }
        }

        return true;
    }

    private static void Name(Span<byte> replica, ulong self)
    {
        if (BinaryPrimitives.ReadUInt64LittleEndian(replica) == 0)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(replica, self);
        }
    }
}
