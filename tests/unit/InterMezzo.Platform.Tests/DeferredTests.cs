// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform.Tests;

/// <summary>Contents that wait for a file's last writer, in the conflict store.</summary>
[TestFixture("tmp")]
[TestFixture("/dev/shm")]
public class DeferredTests(string where)
{
    private static readonly Dot s_update = new(Records.Peer, 9);

    private PlainFixture _to = null!;
    private Fid _file;

    [SetUp]
    public void SetUp()
    {
        _to = new PlainFixture(where);
        _file = _to.MakeFile(1, _to.Root, "f", "old");
    }

    [TearDown]
    public void TearDown() => _to.Dispose();

    private string Entry => $"{_to.Tree}/.intermezzo/home/conflicts/77-9";

    private byte[] Close => Records.Named(Op.Close, _file, _to.Root, "f", PlainFixture.Attr(FileType.Regular | 0x1a4, 3));

    [Test]
    public void It_waits_with_all_that_came_with_it_and_is_there_once([Values] bool again, [Values] bool losingIndex)
    {
        Defer();
        if (again)
        {
            Defer();
        }

        _to.Reopen(losingIndex);
        var waiting = _to.Replica.Conflicts.ListDeferred().Single();
        Assert.That(waiting, Is.EqualTo(Waiting).Using<DeferredContent>(AreAlike));
        Assert.That(waiting.Payload, Is.EqualTo(new byte[] { 1, 2, 3 }));
        Assert.That(_to.Replica.Conflicts.List().Single().Kept, Has.Count.EqualTo(1), "people see it, too");
        Assert.That(File.ReadAllText(_to.At("f")), Is.EqualTo("old"));
    }

    [Test]
    public void What_waits_takes_the_place_of_the_old_content_and_stays_until_it_is_dropped()
    {
        Defer();
        using (var kept = _to.Replica.Conflicts.Open(s_update)!)
        {
            _to.ApplyTwice(Close, PlainFixture.FileState(3), new FileContent(kept));
        }

        Assert.That(File.ReadAllText(_to.At("f")), Is.EqualTo("new"));
        Assert.That(File.ReadAllText($"{Entry}/kept/f"), Is.EqualTo("new"));
        _to.Applier.DropDeferred(s_update);
        _to.Applier.DropDeferred(s_update);
        Assert.That(Directory.Exists(Entry), Is.False);
        Assert.That(_to.Replica.Conflicts.ListDeferred(), Is.Empty);
    }

    [Test]
    public void Hard_links_take_what_waited_as_well()
    {
        _to.Apply(Records.Named(Op.Link, _file, _to.Root, "g"));
        Defer();
        using var kept = _to.Replica.Conflicts.Open(s_update)!;
        _to.ApplyTwice(Close, PlainFixture.FileState(3), new FileContent(kept));
        Assert.That(File.ReadAllText(_to.At("g")), Is.EqualTo("new"));
    }

    [Test]
    public void What_has_lost_is_a_conflict_from_then_on()
    {
        Defer();
        _to.Applier.KeepDeferred(s_update, Conflict("content/content") with { Winner = new Dot(5, 6) });
        Assert.That(_to.Replica.Conflicts.ListDeferred(), Is.Empty);
        var listed = _to.Replica.Conflicts.List().Single();
        Assert.That((listed.Conflict.Reason, listed.Conflict.Winner, listed.Kept.Count), Is.EqualTo(("content/content", new Dot(5, 6), 1)));
        Assert.That(listed.Path, Is.EqualTo(Records.Bytes("f")));
        Assert.That(File.ReadAllText($"{Entry}/kept/f"), Is.EqualTo("new"));
    }

    [Test]
    public void What_a_crash_left_half_made_is_made_anew()
    {
        Defer();
        File.Delete($"{Entry}/deferred");
        Defer();
        Assert.That(Directory.GetFiles($"{Entry}/kept"), Has.Length.EqualTo(1));
        Assert.That(_to.Replica.Conflicts.List(), Has.Count.EqualTo(1));
        File.WriteAllText($"{Entry}/deferred", "DEFR, but not of ours; long enough to be looked at as if it were one of them, that is 88 bytes");
        Assert.That(_to.Replica.Conflicts.ListDeferred(), Is.Empty);
    }

    [Test]
    public void A_new_size_alone_waits_with_the_attributes_that_are_here()
    {
        var record = Records.SetAttr(_file, new KmlAttr { Valid = AttrValid.Size, Size = 3 });
        _to.Applier.Defer(Waiting, RecordView.Parse(record), null, PlainFixture.Text("new"), Conflict("open"));
        Assert.That(Scratch.Sh($"stat -c '%a %s' {Entry}/kept/f"), Is.EqualTo("644 3"));
    }

    private DeferredContent Waiting => new(s_update, _file, 5, new LogId(3, 4), 4096, 77, [1, 2, 3]);

    private static bool AreAlike(DeferredContent one, DeferredContent other) =>
        (one.Update, one.Object, one.Peer, one.Log, one.Source, one.Known) == (other.Update, other.Object, other.Peer, other.Log, other.Source, other.Known);

    private void Defer() =>
        _to.Applier.Defer(Waiting, RecordView.Parse(Close), PlainFixture.FileState(3), PlainFixture.Text("new"), Conflict("open"));

    private Conflict Conflict(string reason) => new(s_update, default, reason, DateTimeOffset.UnixEpoch, _file, _to.Root, Records.Bytes("f"));
}
