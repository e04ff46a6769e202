// SPDX-License-Identifier: GPL-2.0-or-later
using System.Buffers.Binary;

namespace InterMezzo.Journal.Tests;

/// <summary>Records of somebody who knows how to make a checksum: they are refused, or what is read from them can be relied on.</summary>
public class MutatedRecordTests
{
    private const int Mutants = 100_000;

    private static readonly List<byte[]> _golden = Mutations.Records("all.kml");

    private readonly Dictionary<ParseStatus, int> _seen = [];

    [SetUp]
    public void Forget() => _seen.Clear();

    [Test]
    public void Every_byte_of_every_golden_record_can_be_anything()
    {
        foreach (var record in _golden)
        {
            for (var at = 0; at < record.Length; at++)
            {
                foreach (var mask in (ReadOnlySpan<byte>)[0x01, 0x02, 0x10, 0x80, 0xff, record[at]])
                {
                    var mutant = record.ToArray();
                    mutant[at] ^= mask;
                    Mutations.Mend(mutant);
                    Read(mutant);
                }
            }
        }

        ExpectAll(ParseStatus.Ok, ParseStatus.Damaged, ParseStatus.Unknown);
    }

    [Test]
    public void Every_golden_record_can_end_anywhere_and_say_that_this_is_its_end()
    {
        foreach (var record in _golden)
        {
            for (var length = 0; length < record.Length; length++)
            {
                Read(record.AsSpan(0, length));
                if (length >= KmlFormat.PadMin)
                {
                    var mutant = record[..length];
                    Mutations.Mend(mutant);
                    Read(mutant);
                }
            }
        }

        ExpectAll(ParseStatus.NeedMore, ParseStatus.Damaged);
    }

    [Test]
    public void Random_changes_by_the_thousand([Values(1, 2, 3)] int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < Mutants; i++)
        {
            Read(Mutations.Next(random, _golden));
        }

        ExpectAll(ParseStatus.Ok, ParseStatus.NeedMore, ParseStatus.End, ParseStatus.Damaged, ParseStatus.Unknown);
    }

    [Test]
    public void Reading_takes_no_memory_whatever_the_lengths_say()
    {
        var random = new Random(4);
        var mutants = Enumerable.Range(0, 2000).Select(_ => Mutations.Next(random, _golden)).ToList();
        ReadAll(mutants);
        var before = GC.GetAllocatedBytesForCurrentThread();
        ReadAll(mutants);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }

    [Test]
    public void A_log_of_mutants_is_read_to_its_end_or_to_what_is_wrong([Values("all.kml", "chunks.kml")] string file)
    {
        var random = new Random(5);
        var log = Golden.Read(file)[KmlFormat.SuperSize..];
        for (var i = 0; i < 500; i++)
        {
            var bytes = log[..random.Next(log.Length + 1)];
            for (var changes = random.Next(4); changes > 0 && bytes.Length > 4; changes--)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(random.Next(bytes.Length - 3)), (uint)random.Next(1 << random.Next(31)));
            }

            ReadLog(bytes);
        }
    }

    [Test]
    public void A_super_page_is_one_or_a_KmlException()
    {
        var random = new Random(6);
        var good = Golden.Read("all.kml")[..KmlFormat.SuperSize];
        for (var i = 0; i < 20_000; i++)
        {
            var page = good[..(random.Next(4) == 0 ? random.Next(400) : good.Length)];
            for (var changes = random.Next(1, 4); changes > 0 && page.Length > 0; changes--)
            {
                page[random.Next(Math.Min(page.Length, 308))] = (byte)random.Next(256);
            }

            if (random.Next(4) > 0 && page.Length >= 308)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(304), Crc32C.Append(0, page.AsSpan(0, 304)));
            }

            try
            {
                Assert.That(KmlSuper.Parse(page).Fileset, Has.Length.LessThanOrEqualTo(256));
                Count(ParseStatus.Ok);
            }
            catch (KmlException exception)
            {
                Count(exception.Status);
            }
        }

        ExpectAll(ParseStatus.Ok, ParseStatus.Damaged, ParseStatus.Unknown);
    }

    [TestCase(FieldType.Name, 255)]
    [TestCase(FieldType.Name2, 255)]
    [TestCase(FieldType.Target, KmlFormat.TargetMax)]
    [TestCase(FieldType.XattrName, KmlFormat.NameMax)]
    [TestCase(FieldType.XattrValue, KmlFormat.XattrMax)]
    [TestCase(FieldType.Payload, KmlFormat.MarkMax)]
    [TestCase(FieldType.Peer, sizeof(ulong))]
    [TestCase(FieldType.Ranges, KmlFormat.RangesMax * KmlFormat.RangeSize)]
    [TestCase(FieldType.Object, KmlFormat.ObjectSize)]
    [TestCase(FieldType.Attr, KmlFormat.AttrSize)]
    public void The_longest_field_of_a_kind_is_right_and_a_longer_one_is_not(FieldType type, int longest)
    {
        Assert.That(RecordView.TryParse(With(type, longest), out _), Is.EqualTo(ParseStatus.Ok));
        Assert.That(RecordView.TryParse(With(type, longest + 1), out _), Is.EqualTo(ParseStatus.Damaged));
    }

    [Test]
    public void A_record_of_the_greatest_length_is_one_and_a_longer_one_is_none()
    {
        // a field of a later version, so that its length alone decides
        Assert.That(RecordView.TryParse(With((FieldType)99, KmlFormat.RecordMax - KmlFormat.HeaderSize - 24), out var longest), Is.EqualTo(ParseStatus.Ok));
        Assert.That(longest.Length, Is.EqualTo(KmlFormat.RecordMax));
        Assert.That(RecordView.TryParse(With((FieldType)99, KmlFormat.RecordMax - KmlFormat.HeaderSize - 8), out _), Is.EqualTo(ParseStatus.Damaged));
    }

    [Test]
    public void A_time_has_less_than_a_second_of_nanoseconds([Values(112, 128)] int at)
    {
        var record = With(FieldType.Name, 1);
        foreach (var nanoseconds in (uint[])[999_999_999, 1_000_000_000, uint.MaxValue])
        {
            BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(KmlFormat.ResultOffset), KmlFormat.Done);
            BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(at), nanoseconds);
            Mutations.Mend(record);
            var isRead = RecordView.TryParse(record, out var view) == ParseStatus.Ok && view.Result.State == KmlFormat.Done;
            Assert.That(isRead, Is.EqualTo(nanoseconds < 1_000_000_000), $"{nanoseconds}");
        }
    }

    private static byte[] With(FieldType type, int length)
    {
        var data = new byte[length];
        data.AsSpan().Fill(type == FieldType.Attr ? (byte)0 : (byte)'x');
        var writer = new RecordWriter(new byte[2 * KmlFormat.RecordMax], Op.Create) { Recno = 1 };
        writer.Add(type, data);
        return writer.Finish().ToArray();
    }

    private void Read(ReadOnlySpan<byte> bytes)
    {
        var status = RecordView.TryParse(bytes, out var record);
        Count(status);
        if (status == ParseStatus.Ok)
        {
            if (Reliance.Broken(record) is { } why)
            {
                Assert.Fail($"{why}: {Convert.ToHexString(bytes)}");
            }

            ExpectCanonical(bytes);
        }
        else if (_seen[status] % 500 == 1)
        {
            var copy = bytes.ToArray();
            Assert.That(() => RecordView.Parse(copy).Length, Throws.TypeOf<KmlException>().With.Property("Status").EqualTo(status));
        }
    }

    /// <summary>What was read with right checksums can go on the wire.</summary>
    private static void ExpectCanonical(ReadOnlySpan<byte> bytes)
    {
        var record = RecordView.Parse(bytes).Bytes.ToArray();
        Canonical.Rewrite(record, 99);
        var view = RecordView.Parse(record);
        if (!view.IsPad && !Canonical.IsCanonical(view))
        {
            Assert.Fail($"not canonical: {Convert.ToHexString(bytes)}");
        }
    }

    private void ReadLog(ReadOnlySpan<byte> bytes)
    {
        var reader = new KmlReader(bytes, KmlFormat.SuperSize);
        var last = (ulong)KmlFormat.SuperSize;
        while (reader.MoveNext())
        {
            if (reader.NextOffset <= last || reader.NextOffset > KmlFormat.SuperSize + (ulong)bytes.Length || Reliance.Broken(reader.Current) is not null)
            {
                Assert.Fail($"read to {reader.NextOffset} after {last}");
            }

            last = reader.NextOffset;
        }

        if (reader.Status == ParseStatus.Ok)
        {
            Assert.That(reader.NextOffset, Is.EqualTo(KmlFormat.SuperSize + (ulong)bytes.Length), "all is read");
        }
    }

    private static void ReadAll(List<byte[]> mutants)
    {
        foreach (var mutant in mutants)
        {
            if (RecordView.TryParse(mutant, out var record) == ParseStatus.Ok)
            {
                Reliance.Broken(record);
            }
        }
    }

    private void Count(ParseStatus status) => _seen[status] = _seen.GetValueOrDefault(status) + 1;

    /// <summary>That the changes reached all layers of the decoder.</summary>
    private void ExpectAll(params ParseStatus[] statuses) => Assert.That(_seen.Keys, Is.SupersetOf(statuses));
}
