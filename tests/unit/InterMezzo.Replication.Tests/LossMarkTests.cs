// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using NUnit.Framework;

namespace InterMezzo.Replication.Tests;

[TestFixture]
public class LossMarkTests
{
    private const ulong Maker = 42;

    private static readonly Fid s_moved = new(Maker, 12, 1), s_replaced = new(7, 13, 2), s_from = new(7, 2, 0), s_to = new(7, 14, 3);

    [Test]
    public void A_rename_is_about_two_names_and_two_objects()
    {
        var mark = Of(Rename());
        using (Assert.EnterMultipleScope())
        {
            Assert.That(mark.Names.Select(place => place.Parent), Is.EqualTo(new[] { s_from, s_to }));
            Assert.That(mark.Names.Select(place => place.Name), Is.EqualTo(new[] { "old"u8.ToArray(), "new"u8.ToArray() }));
            Assert.That(mark.Objects, Is.EqualTo(new[] { s_moved, s_replaced }));
            Assert.That(mark.IsContent, Is.False);
        }
    }

    [Test]
    public void Names_that_the_maker_does_not_know_are_told_as_well_but_not_without_end()
    {
        var mark = Of(Rename(), fid => fid == s_moved ? Enumerable.Range(0, 1000).Select(i => (s_to, BitConverter.GetBytes(i))) : []);
        Assert.That(mark.Names, Has.Count.EqualTo(16));
    }

    [Test]
    public void Content_is_told_from_all_else()
    {
        var close = new RecordWriter(new byte[1024], Op.Close) { Dot = new Dot(Maker, 5) };
        close.Add(FieldType.Object, new KmlObject(s_moved, 12, 1, 0x81a4));
        close.Add(FieldType.Attr, new KmlAttr { Valid = AttrValid.Size, Size = 10 });
        var mark = Of(close.Finish().ToArray());
        using (Assert.EnterMultipleScope())
        {
            Assert.That(mark.IsContent, Is.True);
            Assert.That(LossMark.Decode(mark.Encode())!.IsContent, Is.True);
            Assert.That(mark.Names, Is.Empty);
        }
    }

    [Test]
    public void What_is_written_is_read()
    {
        var mark = Of(Rename());
        var read = LossMark.Decode(mark.Encode())!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That((read.Peer, read.Source, read.Update, read.IsContent), Is.EqualTo((Maker, 8192ul, new Dot(Maker, 5), false)));
            Assert.That(read.Names.Select(place => (place.Parent, Convert.ToHexString(place.Name))), Is.EqualTo(mark.Names.Select(place => (place.Parent, Convert.ToHexString(place.Name)))));
            Assert.That(read.Objects, Is.EqualTo(mark.Objects));
        }
    }

    [Test]
    public void Whatever_is_cut_short_or_damaged_is_something_else_or_a_mark()
    {
        var bytes = Of(Rename()).Encode();
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.That(LossMark.Decode(bytes.AsSpan(0, length)), Is.Null, $"{length} bytes");
        }

        var random = new Random(1);
        for (var i = 0; i < 10_000; i++)
        {
            var damaged = bytes.ToArray();
            damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            Assert.That(() => LossMark.Decode(damaged), Throws.Nothing);
        }
    }

    [TestCase(Direction.ToClient, Maker, 8193ul)]
    [TestCase(Direction.ToClient, 43ul, 0ul)]
    [TestCase(Direction.ToServer, Maker, 0ul)]
    public void Its_maker_alone_hears_of_it(Direction direction, ulong peer, ulong echo) =>
        Assert.That(Forwarding.Decide(direction, peer, Of(Rename())).Echo, Is.EqualTo(echo));

    [TestCase(Direction.ToServer, Maker, true)]
    [TestCase(Direction.ToServer, 43ul, false)]
    [TestCase(Direction.ToClient, Maker, false)]
    public void A_client_asks_the_server_whose_update_it_was(Direction direction, ulong peer, bool asks) =>
        Assert.That(Forwarding.Decide(direction, peer, Of(Rename())).Asks, Is.EqualTo(asks));

    private static LossMark Of(byte[] record, Func<Fid, IEnumerable<(Fid, byte[])>>? others = null) =>
        LossMark.Of(RecordView.Parse(record), Maker, 8192, others ?? (_ => []));

    private static byte[] Rename()
    {
        var writer = new RecordWriter(new byte[1024], Op.Rename) { Dot = new Dot(Maker, 5) };
        writer.Add(FieldType.Object, new KmlObject(s_moved, 12, 1, 0x81a4));
        writer.Add(FieldType.Parent, new KmlObject(s_from, 2, 0, 0x41ed));
        writer.Add(FieldType.Name, "old"u8);
        writer.Add(FieldType.Parent2, new KmlObject(s_to, 14, 3, 0x41ed));
        writer.Add(FieldType.Name2, "new"u8);
        writer.Add(FieldType.Replaced, new KmlObject(s_replaced, 13, 2, 0x81a4));
        return writer.Finish().ToArray();
    }
}
