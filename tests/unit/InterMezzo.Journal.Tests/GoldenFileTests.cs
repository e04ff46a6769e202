// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Journal.Tests;

public class GoldenFileTests
{
    [TestCase("all.kml", ParseStatus.End)]
    [TestCase("chunks.kml", ParseStatus.Ok)]
    [TestCase("torn.kml", ParseStatus.NeedMore, ParseStatus.Damaged)]
    public void Every_record_is_read_as_written(string file, params ParseStatus[] ends)
    {
        var bytes = Golden.Read(file);
        var reader = new KmlReader(bytes.AsSpan(KmlFormat.SuperSize), KmlFormat.SuperSize);
        var read = new List<GoldenRecord>();
        while (reader.MoveNext())
        {
            var record = reader.Current;
            var state = record.Result.State switch
            {
                KmlFormat.Done => "done",
                KmlFormat.Void => "void",
                _ => "intent",
            };
            read.Add(new GoldenRecord(reader.Offset, record.Op, record.Length, record.Recno, record.Crc, state));
        }

        var written = Golden.Records(file).ToList();
        if (file == "torn.kml")
        {
            Assert.That(reader.NextOffset, Is.EqualTo((ulong)Golden.Number("torn", file)), "it stops at the torn record");
            written.RemoveAt(written.Count - 1);
        }

        Assert.That(read, Is.EqualTo(written));
        Assert.That(ends, Does.Contain(reader.Status));
    }

    [Test]
    public void A_damaged_record_stops_the_reading_at_its_position()
    {
        var reader = new KmlReader(Golden.Read("damaged.kml").AsSpan(KmlFormat.SuperSize), KmlFormat.SuperSize);
        while (reader.MoveNext())
        {
        }

        Assert.That(reader.Status, Is.EqualTo(ParseStatus.Damaged));
        Assert.That(reader.NextOffset, Is.EqualTo((ulong)Golden.Number("damaged", "damaged.kml")));
    }

    [Test]
    public void The_super_page_is_read_as_written()
    {
        var page = Golden.Read("all.kml").AsSpan(0, KmlFormat.SuperSize);
        var super = KmlSuper.Parse(page);
        var again = new byte[KmlFormat.SuperSize];
        super.Write(again);
        Assert.That(again, Is.EqualTo(page.ToArray()));
    }

    [Test]
    public void A_record_written_anew_from_what_was_read_is_the_same_to_the_byte()
    {
        var reader = new KmlReader(Golden.Read("all.kml").AsSpan(KmlFormat.SuperSize), KmlFormat.SuperSize);
        var buffer = new byte[KmlFormat.RecordMax];
        while (reader.MoveNext())
        {
            var record = reader.Current;
            var writer = new RecordWriter(buffer, record.Op)
            {
                Flags = record.Flags,
                Recno = record.Recno,
                Stable = record.Stable,
                Dirty = record.Dirty,
                Dot = record.Dot,
                Local = record.Local,
                Source = record.Source,
                Result = record.Result,
                Time = record.Time,
                Uid = record.Uid,
                Gid = record.Gid,
                Pid = record.Pid,
                Aux = record.Aux,
                Synced = record.Synced,
                Mounts = record.Mounts,
            };
            var fields = record.EnumerateFields();
            while (fields.MoveNext())
            {
                writer.Add(fields.Type, fields.Data);
            }

            Assert.That(writer.Finish().ToArray(), Is.EqualTo(record.Bytes.ToArray()), $"record {record.Recno}");
        }
    }

    [Test]
    public void Every_kind_of_field_is_in_the_golden_records_and_can_be_read()
    {
        var reader = new KmlReader(Golden.Read("all.kml").AsSpan(KmlFormat.SuperSize), KmlFormat.SuperSize);
        var seen = new HashSet<FieldType>();
        while (reader.MoveNext())
        {
            var record = reader.Current;
            var fields = record.EnumerateFields();
            while (fields.MoveNext())
            {
                seen.Add(fields.Type);
            }

            if (record.Op == Op.Close && record.RangeCount > 0)
            {
                Assert.That(record.Range(0).Length, Is.GreaterThan(0));
            }
        }

        Assert.That(seen, Is.EquivalentTo(Enum.GetValues<FieldType>()));
    }
}
