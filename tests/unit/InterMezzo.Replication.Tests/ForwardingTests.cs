// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using NUnit.Framework;

namespace InterMezzo.Replication.Tests;

[TestFixture]
public class ForwardingTests
{
    private const ulong Here = 0, Peer = 42, Other = 43;

    // direction | is it an update | from | source | partial | ships | echo
    [TestCase(Direction.ToServer, true, Here, 0ul, false, true, 0ul)]
    [TestCase(Direction.ToServer, false, Here, 0ul, false, false, 0ul)]
    [TestCase(Direction.ToServer, true, Peer, 4096ul, false, false, 0ul)]
    [TestCase(Direction.ToServer, true, Other, 4096ul, false, true, 0ul)]
    [TestCase(Direction.ToClient, true, Here, 0ul, false, true, 0ul)]
    [TestCase(Direction.ToClient, true, Other, 4096ul, false, true, 0ul)]
    [TestCase(Direction.ToClient, true, Other, 4096ul, true, true, 0ul)]
    [TestCase(Direction.ToClient, true, Peer, 4096ul, false, false, 4097ul)]
    [TestCase(Direction.ToClient, true, Peer, 4096ul, true, false, 0ul)]
    [TestCase(Direction.ToClient, false, Peer, 4096ul, false, false, 0ul)]
    public void A_peer_gets_what_it_has_not_sent(
        Direction direction, bool isUpdate, ulong from, ulong source, bool partial, bool ships, ulong echo) =>
        Assert.That(Forwarding.Decide(direction, Peer, isUpdate, from, source, partial), Is.EqualTo(new Forward(ships, echo)));

    [TestCase(Direction.ToClient, Peer, 6000ul)]
    [TestCase(Direction.ToClient, Other, 0ul)]
    [TestCase(Direction.ToServer, Peer, 0ul)]
    public void A_mark_echoes_a_whole_batch_to_its_maker(Direction direction, ulong peer, ulong echo)
    {
        var mark = new ProgressMark(peer, new Position(new LogId(1, 2), 6000), 77, new VersionVector());
        Assert.That(Forwarding.Decide(direction, Peer, mark).Echo, Is.EqualTo(echo));
    }

    [Test]
    public void After_a_join_only_what_the_server_had_then_is_known()
    {
        var known = default(KnownPosition);
        known.OnMark(new ProgressMark(1, new Position(default, 5000), 0, new VersionVector()));
        known.OnApplied(7000, partial: false);
        known.OnMark(new ProgressMark(1, new Position(default, 3000), 0, new VersionVector(), Joins: true));
        Assert.That(known.Below, Is.EqualTo(3000), "the server's log went back in time");
    }

    [Test]
    public void Between_the_marks_of_a_join_it_is_under_way()
    {
        var known = default(KnownPosition);
        known.OnMark(new ProgressMark(1, new Position(default, 3000), 0, new VersionVector(), Joins: true));
        known.OnApplied(3000, partial: true);
        Assert.That(known.Joining);
        known.OnMark(new ProgressMark(1, new Position(default, 3000), 0, new VersionVector()));
        Assert.That(known.Joining, Is.False);
    }

    [Test]
    public void What_was_known_follows_from_the_order_of_the_log()
    {
        var known = default(KnownPosition);
        known.OnApplied(4096, partial: true);
        Assert.That(known.Below, Is.EqualTo(4096), "half an update isn't known");
        known.OnApplied(4096, partial: false);
        Assert.That(known.Below, Is.EqualTo(4097));
        known.OnMark(new ProgressMark(1, new Position(default, 5000), 77, new VersionVector()));
        Assert.That(known.Below, Is.EqualTo(5000));
        known.OnApplied(4096, partial: false);
        Assert.That(known.Below, Is.EqualTo(5000));
    }
}
