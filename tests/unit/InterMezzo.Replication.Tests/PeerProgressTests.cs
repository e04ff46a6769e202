// SPDX-License-Identifier: GPL-2.0-or-later
using NUnit.Framework;

namespace InterMezzo.Replication.Tests;

[TestFixture]
public class PeerProgressTests
{
    private static readonly LogId _log = new(1, 2);

    [Test]
    public void A_mark_survives_its_bytes([Values("", "1:5", "1:5 2:3 18446744073709551615:9")] string vector)
    {
        var mark = new ProgressMark(42, new Position(_log, 4096), 77, VersionVectorTests.Parse(vector), 5000, true, Check: 0xdeadbeef, Former: new LogPlace(9000, 7));
        var back = ProgressMark.Decode(mark.Encode());
        Assert.That(back, Is.Not.Null);
        Assert.That(back!.Peer, Is.EqualTo(42));
        Assert.That(back.Position, Is.EqualTo(mark.Position));
        Assert.That((back.Source, back.Partial), Is.EqualTo((5000ul, true)));
        Assert.That(back.Echo, Is.EqualTo(77));
        Assert.That((back.Check, back.Former), Is.EqualTo((0xdeadbeef, new LogPlace(9000, 7))));
        Assert.That(back.Vector, Is.EqualTo(mark.Vector));
    }

    [Test]
    public void Bytes_that_are_no_mark_are_told_from_one([Range(0, 96)] int length)
    {
        var bytes = new ProgressMark(42, new Position(_log, 4096), 77, VersionVectorTests.Parse("1:5")).Encode();
        Assert.That(bytes, Has.Length.EqualTo(96));
        var cut = ProgressMark.Decode(bytes.AsSpan(0, length));
        Assert.That(cut, length == 96 ? Is.Not.Null : Is.Null);
        bytes[length % 6] ^= 0x80;
        Assert.That(ProgressMark.Decode(bytes), Is.Null, "another magic or version");
    }

    [Test]
    public void The_tail_of_the_log_goes_beyond_the_last_mark()
    {
        var progress = new PeerProgress();
        progress.OnMark(new ProgressMark(42, new Position(_log, 4096), 77, VersionVectorTests.Parse("42:5")));
        Assert.That(progress[42]!.Done, Is.Zero);
        progress.OnRecord(42, 42, 6, 5000, partial: false);
        Assert.That(progress[42]!.Done, Is.EqualTo(5000));
        progress.OnRecord(42, 42, 7, 5200, partial: true);
        Assert.That(progress[42]!.Done, Is.EqualTo(5199), "half a record is to be applied again");
        Assert.That(progress.Vector[42], Is.EqualTo(6));
        progress.OnRecord(42, 42, 7, 5200, partial: false);
        Assert.That(progress[42]!.Done, Is.EqualTo(5200));
        Assert.That(progress.Vector[42], Is.EqualTo(7));
        progress.OnMark(new ProgressMark(42, new Position(_log, 6000), 77, VersionVectorTests.Parse("42:7")));
        Assert.That(progress[42], Is.EqualTo(new PeerState(new Position(_log, 6000), 0, false, 77)));
    }

    [Test]
    public void An_update_that_has_waited_says_nothing_of_later_ones()
    {
        var progress = new PeerProgress();
        progress.OnRecord(42, 42, 7, 5200, partial: true);
        progress.OnRecord(42, 42, 6, 5000, partial: false);
        Assert.That(progress[42]!.Done, Is.EqualTo(5199));
    }

    [Test]
    public void Own_updates_count_but_move_no_position()
    {
        var progress = new PeerProgress();
        progress.OnRecord(42, 1, 9, 0, partial: false);
        Assert.That(progress[42], Is.Null);
        Assert.That(progress.Vector[1], Is.EqualTo(9));
    }
}
