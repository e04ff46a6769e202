// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Replication.Ports;
using NUnit.Framework;

namespace InterMezzo.Replication.Tests;

[TestFixture]
public class DeferredContentsTests
{
    private const ulong Self = 1;
    private const ulong Peer = 9;

    private static readonly Fid _file = Story.Object("a");

    private readonly DeferredContents _waiting = new();

    [SetUp]
    public void Empty()
    {
        foreach (var waiting in _waiting.All)
        {
            _waiting.Remove(waiting);
        }
    }

    [Test]
    public void Of_two_versions_the_later_one_waits()
    {
        var (first, second) = (Version(1, 500), Version(2, 600));
        Assert.That(_waiting.Add(first), Is.Null);
        Assert.That(_waiting.Add(first with { Known = 7 }), Is.Null, "it comes again");
        Assert.That(_waiting.Add(second)?.Update, Is.EqualTo(first.Update));
        Assert.That(_waiting.Add(first), Is.EqualTo(first), "it comes late");
        _waiting.Remove(first);
        Assert.That(_waiting.Find(_file), Is.EqualTo(second));
        _waiting.Remove(second);
        Assert.That(_waiting.All, Is.Empty);
    }

    [Test]
    public void Both_logs_are_needed_from_the_oldest_on()
    {
        Assert.That((_waiting.NeededHere, _waiting.NeededOf(Peer)), Is.EqualTo((ulong.MaxValue, ulong.MaxValue)));
        _waiting.Add(Version(1, 500) with { Known = 80 });
        _waiting.Add(Version(2, 400) with { Known = 90, Object = Story.Object("b") });
        Assert.That((_waiting.NeededHere, _waiting.NeededOf(Peer), _waiting.NeededOf(Peer + 1)), Is.EqualTo((80, 400, ulong.MaxValue)));
    }

    [TestCase(Op.Close, "a", Peer, 500ul)]
    [TestCase(Op.SetAttr, "a", Peer, 500ul)]
    [TestCase(Op.Unlink, "a", Peer, 9000ul, Description = "a removal is meant whatever it holds")]
    [TestCase(Op.Close, "b", Peer, 9000ul)]
    [TestCase(Op.Close, "a", Peer + 1, 9000ul)]
    public void What_is_written_meanwhile_is_sent_as_made_without_knowing(Op op, string name, ulong peer, ulong known)
    {
        _waiting.Add(Version(1, 500));
        Assert.That(_waiting.KnownTo(RecordView.Parse(Record(op, name)), Self, peer, 9000), Is.EqualTo(known));
        Assert.That(_waiting.KnownTo(RecordView.Parse(Record(op, name)), Self, peer, 300), Is.EqualTo(300), "it knew even less");
    }

    [TestCase(RecordFlags.Open, "a", Peer, true)]
    [TestCase(RecordFlags.None, "a", Peer, false)]
    [TestCase(RecordFlags.Open, "b", Peer, false)]
    [TestCase(RecordFlags.Open, "a", Peer + 1, false, Description = "what waits is nothing to him")]
    public void Only_the_last_close_of_such_a_file_is_worth_sending(RecordFlags flags, string name, ulong peer, bool passed)
    {
        _waiting.Add(Version(1, 500));
        Assert.That(_waiting.IsPassedOver(RecordView.Parse(Record(Op.Close, name, flags)), Self, peer), Is.EqualTo(passed));
    }

    // from (0: the maker), maker, counter, source, op, partial, offset
    [TestCase(0ul, Peer, 1ul, 500ul, Op.Close, false, 100ul, true)]
    [TestCase(0ul, Peer, 1ul, 500ul, Op.Close, true, 100ul, false)]
    [TestCase(0ul, Peer, 1ul, 500ul, Op.SetAttr, false, 100ul, true, Description = "its last step")]
    [TestCase(0ul, Peer, 2ul, 600ul, Op.Close, false, 100ul, true)]
    [TestCase(0ul, Peer, 2ul, 600ul, Op.SetAttr, false, 100ul, false, Description = "attributes alone")]
    [TestCase(0ul, Peer, 2ul, 600ul, Op.Enter, true, 100ul, false, Description = "it has been away, and comes back with what is in it")]
    [TestCase(0ul, Peer, 2ul, 400ul, Op.Close, false, 100ul, false)]
    [TestCase(0ul, Peer, 2ul, 600ul, Op.Close, false, 40ul, false, Description = "from before, in another log perhaps")]
    [TestCase(Peer, 7ul, 2ul, 600ul, Op.Close, false, 100ul, true, Description = "another one's, by way of the peer")]
    [TestCase(0ul, 7ul, 2ul, 600ul, Op.Close, false, 100ul, false, Description = "another client's")]
    [TestCase(7ul, Peer, 2ul, 600ul, Op.Close, false, 100ul, false, Description = "by way of another client")]
    [TestCase(0ul, 0ul, 2ul, 0ul, Op.Close, false, 100ul, false, Description = "made here")]
    public void The_log_tells_that_it_was_applied(ulong from, ulong maker, ulong counter, ulong source, Op op, bool partial, ulong offset, bool isSettled)
    {
        _waiting.Add(Version(1, 500) with { Known = 50 });
        var record = Record(op, "a", RecordFlags.Applied | (partial ? RecordFlags.Partial : 0), new Dot(maker, counter), source, from);
        Assert.That(_waiting.SettledBy(offset, RecordView.Parse(record), Self), isSettled ? Is.Not.Null : Is.Null);
    }

    private static DeferredContent Version(ulong counter, ulong source) => new(new Dot(Peer, counter), _file, Peer, new LogId(1, 2), source, 0, []);

    private static byte[] Record(Op op, string name, RecordFlags flags = RecordFlags.None, Dot dot = default, ulong source = 0, ulong from = 0)
    {
        var it = Story.Object(name);
        var writer = new RecordWriter(new byte[KmlFormat.RecordMax], op) { Flags = flags, Dot = dot, Source = source };
        if (from != 0)
        {
            writer.Add(FieldType.Peer, BitConverter.GetBytes(from));
        }

        writer.Add(FieldType.Object, new KmlObject(it, it.Ino, it.Gen, 0x81a4));
        writer.Add(FieldType.Attr, new KmlAttr { Valid = AttrValid.Mode });
        return writer.Finish().ToArray();
    }
}
