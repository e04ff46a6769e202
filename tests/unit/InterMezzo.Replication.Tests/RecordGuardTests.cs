// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using NUnit.Framework;

namespace InterMezzo.Replication.Tests;

/// <summary>In whose name a peer may send updates.</summary>
[TestFixture]
public class RecordGuardTests
{
    private const ulong Self = 1, Peer = 7, Other = 8;

    [TestCase(Side.Server, Peer, false, true)]
    [TestCase(Side.Server, Other, false, false)]
    [TestCase(Side.Server, Other, true, true, Description = "it serves others, and may pass on what they do")]
    [TestCase(Side.Server, Self, true, false, Description = "nobody speaks for this replica")]
    [TestCase(Side.Client, Other, false, true, Description = "a server forwards everybody's")]
    public void A_client_sends_its_own_and_what_it_may_pass_on(Side side, ulong maker, bool mayPassOn, bool passes) =>
        Assert.That(new RecordGuard(side, Peer, Self, asked => mayPassOn && asked == Other).Refuse(Record(maker, 5)), passes ? Is.Null : Is.Not.Null);

    [Test]
    public void Its_own_come_in_order_and_those_of_others_as_they_may()
    {
        var guard = new RecordGuard(Side.Server, Peer, Self, _ => true);
        Assert.That(guard.Refuse(Record(Peer, 5)), Is.Null);
        Assert.That(guard.Refuse(Record(Peer, 5)), Is.Not.Null);
        Assert.That(guard.Refuse(Record(Other, 9)), Is.Null);
        Assert.That(guard.Refuse(Record(Other, 4)), Is.Null, "a content that has waited for a writer there");
        Assert.That(guard.Refuse(Record(Peer, 6)), Is.Null);
    }

    [TestCase(1ul, true)]
    [TestCase((ulong)long.MaxValue, true)]
    [TestCase(0ul, false)]
    [TestCase((ulong)long.MaxValue + 1, false, Description = "where a server has told something, which is kept here under such a count")]
    [TestCase(ulong.MaxValue, false)]
    public void An_update_has_a_count(ulong counter, bool passes) =>
        Assert.That(new RecordGuard(Side.Client, Peer, Self, _ => true).Refuse(Record(Peer, counter)), passes ? Is.Null : Is.Not.Null);

    private static byte[] Record(ulong maker, ulong counter)
    {
        var it = Story.Object("a");
        var writer = new RecordWriter(new byte[KmlFormat.RecordMax], Op.SetAttr) { Dot = new Dot(maker, counter) };
        writer.Add(FieldType.Object, new KmlObject(it with { Replica = maker }, it.Ino, it.Gen, 0x81a4));
        writer.Add(FieldType.Attr, new KmlAttr { Valid = AttrValid.Mode });
        return writer.Finish().ToArray();
    }
}
