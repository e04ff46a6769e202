// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using NUnit.Framework;

namespace InterMezzo.Replication.Tests;

/// <summary>What a scan looks at. The doubtful records were written at 1000 s and later; inode 1 is a directory, 2 what is in it.</summary>
[TestFixture]
public class SuspicionTests
{
    private static readonly KmlTime s_before = new(500, 0);

    [TestCase(997, 999_999_999u, false)]
    [TestCase(998, 0u, true)]
    [TestCase(1000, 0u, true)]
    [TestCase(9_999_999_999, 0u, true)]
    public void What_was_changed_since_is_suspicious_clocks_being_what_they_are(long seconds, uint nanoseconds, bool expected)
    {
        var suspicion = new Suspicion(new KmlTime(1000, 0), unordered: false);
        Assert.That(suspicion.IsObject(7, new KmlTime(seconds, nanoseconds)), Is.EqualTo(expected));
        Assert.That(suspicion.IsDirectory(7, new KmlTime(seconds, nanoseconds)), Is.EqualTo(expected));
    }

    // operation, who made it, is there a journal below: is the object suspicious, is its directory?
    [TestCase(Op.Unlink, 0ul, false, true, true)]
    [TestCase(Op.Link, 0ul, false, true, true)]
    [TestCase(Op.Close, 0ul, false, true, false)]
    [TestCase(Op.SetAttr, 0ul, false, true, false)]
    [TestCase(Op.Unlink, 9ul, false, false, true)]
    [TestCase(Op.Close, 9ul, false, false, false)]
    [TestCase(Op.Link, 9ul, false, false, true)]
    [TestCase(Op.Link, 9ul, true, true, true)]
    [TestCase(Op.SetXattr, 9ul, true, true, false)]
    [TestCase(Op.Close, 9ul, true, false, false)]
    public void A_doubtful_record_names_what_is_suspicious(Op op, ulong maker, bool unordered, bool isObject, bool isDirectory)
    {
        var suspicion = new Suspicion(new KmlTime(1000, 0), unordered);
        suspicion.Add(RecordView.Parse(Record(op, maker, 1000)));
        Assert.That(suspicion.IsObject(2, s_before), Is.EqualTo(isObject));
        Assert.That(suspicion.IsDirectory(1, s_before), Is.EqualTo(isDirectory));
        Assert.That(suspicion.IsObject(3, s_before), Is.False);
    }

    [TestCase(9ul, true, true)]
    [TestCase(9ul, false, false)]
    [TestCase(0ul, true, false)]
    public void The_identity_of_what_entered_is_known_where_it_can_be_lost(ulong replica, bool unordered, bool expected)
    {
        var suspicion = new Suspicion(new KmlTime(1000, 0), unordered);
        var writer = new RecordWriter(new byte[1024], Op.Enter) { Dot = new Dot(replica, 1), Time = new KmlTime(1000, 0) };
        writer.Add(FieldType.Object, new KmlObject(new Fid(replica, 5, 6), 12, 7, 0x81a4));
        suspicion.Add(RecordView.Parse(writer.Finish()));
        Assert.That(suspicion.Entered.TryGetValue((12, 7), out var fid) ? fid : default, Is.EqualTo(expected ? new Fid(replica, 5, 6) : default));
    }

    [Test]
    public void A_clock_that_was_set_back_widens_the_view()
    {
        var suspicion = new Suspicion(new KmlTime(1000, 0), unordered: false);
        suspicion.Add(RecordView.Parse(Record(Op.Close, 0, 600)));
        Assert.That(suspicion.IsObject(7, new KmlTime(601, 0)), Is.True);
    }

    [Test]
    public void A_mount_asks_for_a_scan_until_it_is_done_and_the_earliest_one_counts()
    {
        var state = new ScanState();
        state.Observe(4096, RecordView.Parse(Mount(MountFlags.None, 4096)));
        Assert.That(state.Doubtful.IsNone, Is.True);
        Assert.That(state.ToVerify.From, Is.EqualTo(4096));

        state.Observe(9600, RecordView.Parse(Mount(MountFlags.Unclean | MountFlags.Scan | MountFlags.Unordered, 8000)));
        state.Observe(9920, RecordView.Parse(Mount(MountFlags.Unclean | MountFlags.Scan, 9760)));
        var again = ScanState.Decode(state.Encode());
        Assert.That(again.Doubtful, Is.EqualTo(new DoubtfulRange(8000, 9920, true)));

        again.Done();
        Assert.That(ScanState.Decode(again.Encode()).Doubtful.IsNone, Is.True);
    }

    [Test]
    public void Other_hands_are_remembered_until_the_tree_was_verified()
    {
        var state = new ScanState();
        state.Observe(8000, RecordView.Parse(Mount(MountFlags.Below, 7984)));
        state.Observe(9600, RecordView.Parse(Mount(MountFlags.None, 9584)));
        Assert.That(state.Below, Is.EqualTo(8000));
        Assert.That(state.ToVerify, Is.EqualTo(new DoubtfulRange(8000, 8000, false)));
        state.Done();
        Assert.That(state.Below, Is.Zero);
        Assert.That(state.ToVerify.From, Is.EqualTo(9600));
    }

    private static byte[] Mount(MountFlags flags, ulong synced) =>
        new RecordWriter(new byte[1024], Op.Mount) { Aux = (uint)flags, Synced = synced }.Finish().ToArray();

    private static byte[] Record(Op op, ulong maker, long seconds)
    {
        var writer = new RecordWriter(new byte[1024], op) { Dot = new Dot(maker, 1), Time = new KmlTime(seconds, 0) };
        writer.Add(FieldType.Object, new KmlObject(new Fid(0, 2, 1), 2, 1, 0x81a4));
        if (op is Op.Unlink or Op.Link)
        {
            writer.Add(FieldType.Parent, new KmlObject(new Fid(0, 1, 1), 1, 1, 0x41ed));
            writer.Add(FieldType.Name, "name"u8);
        }

        return writer.Finish().ToArray();
    }
}
