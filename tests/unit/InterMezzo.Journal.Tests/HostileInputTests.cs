// SPDX-License-Identifier: GPL-2.0-or-later
using System.Buffers.Binary;

namespace InterMezzo.Journal.Tests;

/// <summary>Whatever the bytes are, reading them ends in a status.</summary>
public class HostileInputTests
{
    private static readonly Fid _fid = new(7, 12, 3);

    [Test]
    public void Random_bytes_are_no_record([Values(1, 2, 3)] int seed)
    {
        var random = new Random(seed);
        var bytes = new byte[512];
        for (var i = 0; i < 50_000; i++)
        {
            random.NextBytes(bytes);
            BinaryPrimitives.WriteInt32LittleEndian(bytes, 16 * random.Next(1, 33));
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(4), (ushort)random.Next(2, 20));
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(6), 1);
            Assert.That(RecordView.TryParse(bytes, out _), Is.AnyOf(ParseStatus.Damaged, ParseStatus.NeedMore));
        }
    }

    [Test]
    public void A_changed_bit_is_noticed_anywhere_but_in_the_result()
    {
        var record = Sample("name"u8);
        for (var bit = 0; bit < 8 * record.Length; bit++)
        {
            if (bit / 8 is >= KmlFormat.ResultOffset and < KmlFormat.ResultOffset + KmlFormat.ResultSize)
            {
                continue;
            }

            record[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.That(RecordView.TryParse(record, out _), Is.Not.EqualTo(ParseStatus.Ok), $"bit {bit}");
            record[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        Assert.That(RecordView.TryParse(record, out _), Is.EqualTo(ParseStatus.Ok));
    }

    [Test]
    public void A_damaged_result_counts_as_not_written()
    {
        var record = Sample("name"u8);
        record[KmlFormat.ResultOffset + 8] ^= 1;
        Assert.That(RecordView.Parse(record).Result.State, Is.EqualTo(KmlFormat.Intent));
        Assert.That(RecordView.Parse(record).Result.Ino, Is.Zero);
    }

    [TestCase("")]
    [TestCase(".")]
    [TestCase("..")]
    [TestCase("a/b")]
    [TestCase("a\0b")]
    public void A_name_that_is_none_is_refused_though_its_checksum_is_right(string name) =>
        Assert.That(RecordView.TryParse(Sample(System.Text.Encoding.Latin1.GetBytes(name)), out _), Is.EqualTo(ParseStatus.Damaged));

    [Test]
    public void A_name_of_255_bytes_of_any_value_is_one_and_256_are_none()
    {
        var name = Enumerable.Range(1, 255).Select(i => (byte)(i == '/' ? 1 : i)).ToArray();
        Assert.That(RecordView.Parse(Sample(name)).Name.SequenceEqual(name));
        Assert.That(RecordView.TryParse(Sample([.. name, 1]), out _), Is.EqualTo(ParseStatus.Damaged));
    }

    [Test]
    public void Lengths_of_fields_that_lead_outside_are_refused_though_the_checksum_is_right([Values(0u, 4u, 41u, 1000u, 0x7fffffffu, 0xffffffffu)] uint length)
    {
        var record = Sample("name"u8);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(KmlFormat.HeaderSize + 4), length);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(12), RecordView.RecordCrc(record));
        Assert.That(RecordView.TryParse(record, out _), Is.EqualTo(ParseStatus.Damaged));
    }

    [Test]
    public void A_count_of_fields_that_is_not_theirs_is_refused([Values(0u, 1u, 3u, 0xffffffffu)] uint count)
    {
        var record = Sample("name"u8);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(148), count);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(12), RecordView.RecordCrc(record));
        Assert.That(RecordView.TryParse(record, out _), Is.EqualTo(ParseStatus.Damaged));
    }

    [Test]
    public void Every_prefix_of_a_record_needs_more()
    {
        var record = Sample("name"u8);
        for (var length = 0; length < record.Length; length++)
        {
            Assert.That(RecordView.TryParse(record.AsSpan(0, length), out _), Is.EqualTo(ParseStatus.NeedMore));
        }
    }

    [Test]
    public void On_the_wire_nobody_is_called_zero()
    {
        var record = Sample("name"u8);
        Assert.That(Canonical.IsCanonical(RecordView.Parse(record)), Is.False);
        Canonical.Rewrite(record, 99);
        var view = RecordView.Parse(record);
        Assert.That(view.Dot, Is.EqualTo(new Dot(99, 5)));
        Assert.That(view.TryGetParent(out var parent) && parent.Fid == _fid, "a name that is one stays");
        Assert.That(Canonical.IsCanonical(view));
    }

    [Test]
    public void A_pad_has_no_members_to_read_from()
    {
        var pad = new byte[KmlFormat.PadMin];
        RecordWriter.WritePad(pad);
        var view = RecordView.Parse(pad);
        Assert.That(view.Recno, Is.Zero);
        Assert.That(view.Dot, Is.EqualTo(default(Dot)));
        Assert.That(view.Result.State, Is.EqualTo(KmlFormat.Intent));
        Assert.That(view.Name.IsEmpty);
    }

    /// <summary>A CREATE of a replica by itself, in a directory that another one made.</summary>
    private static byte[] Sample(ReadOnlySpan<byte> name)
    {
        var writer = new RecordWriter(new byte[KmlFormat.RecordMax], Op.Create) { Recno = 4, Dot = new Dot(0, 5) };
        writer.Add(FieldType.Parent, new KmlObject(_fid, 2, 0, 0x41ed));
        writer.Add(FieldType.Name, name);
        return writer.Finish().ToArray();
    }
}
