// SPDX-License-Identifier: GPL-2.0-or-later
using NUnit.Framework;

namespace InterMezzo.Replication.Tests;

[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public class PermitTableTests
{
    private const ulong Self = 1, A = 2, B = 3;

    private static readonly TimeSpan _hold = TimeSpan.FromSeconds(1), _patience = TimeSpan.FromSeconds(10);

    private readonly PermitTable _table = new(Self, _hold, _patience);

    [SetUp]
    public void The_server_has_it_first() => Assert.That(At(0), Is.EqualTo((PermitAction.Grant, Self)));

    [Test]
    public void It_goes_to_who_wants_it_when_it_was_held_and_given_back()
    {
        _table.Want(A);
        Assert.That(_table.Next(TimeSpan.Zero), Is.EqualTo(new PermitStep(PermitAction.Wait, Self, _hold)), "everybody has it for a while");
        Assert.That(At(1), Is.EqualTo((PermitAction.TakeBack, Self)));
        Assert.That(At(1), Is.EqualTo((PermitAction.Wait, Self)), "until it is given back");
        _table.Release(Self);
        Assert.That(At(2), Is.EqualTo((PermitAction.Grant, A)));
        Assert.That(At(100), Is.EqualTo((PermitAction.Wait, A)), "as long as nobody else wants it");
    }

    [Test]
    public void Two_busy_writers_have_it_in_turn()
    {
        Give(A, 1);
        for (var time = 3; time < 20; time += 2)
        {
            var (holder, other) = time % 4 == 3 ? (A, B) : (B, A);
            _table.Want(other);
            _table.Want(Self);
            Assert.That(At(time), Is.EqualTo((PermitAction.TakeBack, holder)));
            _table.Release(holder);
            Assert.That(At(time), Is.EqualTo((PermitAction.Grant, other)), "first come, first served");
            _table.Came(Self);
        }
    }

    [Test]
    public void A_holder_that_does_not_answer_loses_it()
    {
        Give(A, 1);
        _table.Want(B);
        Assert.That(At(2), Is.EqualTo((PermitAction.TakeBack, A)));
        Assert.That(At(11), Is.EqualTo((PermitAction.Wait, A)));
        Assert.That(At(12), Is.EqualTo((PermitAction.Break, A)));
        Assert.That(At(12), Is.EqualTo((PermitAction.Grant, B)));
        _table.Release(A);
        Assert.That(_table.Holder, Is.EqualTo(B), "what it says later changes nothing");
    }

    [Test]
    public void A_holder_that_still_sends_what_it_did_is_not_silent()
    {
        Give(A, 1);
        _table.Heard(A, Seconds(2));
        _table.Want(B);
        Assert.That(At(3), Is.EqualTo((PermitAction.TakeBack, A)));
        _table.Heard(A, Seconds(12));
        _table.Heard(B, Seconds(20));
        Assert.That(At(21), Is.EqualTo((PermitAction.Wait, A)));
        Assert.That(At(22), Is.EqualTo((PermitAction.Break, A)), "what others send doesn't count");
    }

    [Test]
    public void What_comes_of_a_holder_that_is_out_of_reach_changes_nothing()
    {
        Give(A, 1);
        _table.Left(A, Seconds(5));
        _table.Heard(A, Seconds(14));
        Assert.That(At(15), Is.EqualTo((PermitAction.Break, A)));
    }

    [Test]
    public void A_holder_out_of_reach_loses_it_also_if_nobody_waits()
    {
        Give(A, 1);
        _table.Left(A, Seconds(5));
        Assert.That(At(14), Is.EqualTo((PermitAction.Wait, A)));
        Assert.That(At(15), Is.EqualTo((PermitAction.Break, A)));
        Assert.That(At(15), Is.EqualTo((PermitAction.Grant, Self)));
    }

    [Test]
    public void Who_comes_back_holds_nothing()
    {
        Give(A, 1);
        _table.Left(A, Seconds(5));
        _table.Came(A);
        Assert.That(At(6), Is.EqualTo((PermitAction.Grant, Self)));
    }

    [Test]
    public void Who_waits_and_leaves_is_passed_over()
    {
        _table.Want(A);
        _table.Want(B);
        _table.Left(A, Seconds(0));
        Assert.That(At(1).Action, Is.EqualTo(PermitAction.TakeBack));
        _table.Release(Self);
        Assert.That(At(1), Is.EqualTo((PermitAction.Grant, B)));
    }

    [Test]
    public void A_holder_that_does_not_know_is_told_again()
    {
        Give(A, 1);
        _table.Want(A);
        Assert.That(At(2), Is.EqualTo((PermitAction.Grant, A)));
        Assert.That(_table.Wanting, Is.Empty);
    }

    [Test]
    public void A_holder_that_wants_it_again_while_it_gives_it_back_comes_behind_the_others()
    {
        Give(A, 1);
        _table.Want(B);
        Assert.That(At(2), Is.EqualTo((PermitAction.TakeBack, A)));
        _table.Want(A);
        _table.Release(A);
        Assert.That(At(2), Is.EqualTo((PermitAction.Grant, B)));
        Assert.That(_table.Wanting, Is.EqualTo(new[] { A }));
    }

    [Test]
    public void It_can_be_taken_at_once()
    {
        Assert.That(_table.BreakNow(), Is.Zero, "from nobody");
        Give(A, 1);
        Assert.That(_table.BreakNow(), Is.EqualTo(A));
        Assert.That(At(1), Is.EqualTo((PermitAction.Grant, Self)));
    }

    [Test]
    public void One_at_a_time_has_it_whatever_happens([Range(1, 200)] int seed)
    {
        var random = new Random(seed);
        var time = 0;
        var granted = Self;
        for (var i = 0; i < 300; i++)
        {
            var who = (ulong)random.Next(1, 5);
            switch (random.Next(6))
            {
                case 0 when who != Self:
                    _table.Left(who, Seconds(time));
                    break;
                case 1 when who != Self:
                    _table.Came(who);
                    break;
                case 2:
                    _table.Release(granted);
                    break;
                default:
                    _table.Want(who);
                    break;
            }

            time += random.Next(3);
            var step = _table.Next(Seconds(time));
            granted = step.Action == PermitAction.Grant ? step.Who : granted;
            Assert.That(_table.Wanting, Is.Unique);
            Assert.That(_table.Holder, Is.Zero.Or.EqualTo(granted), "nobody has it who wasn't told");
        }

        // Nobody waits for ever.
        _table.Want(A);
        for (var i = 0; _table.Holder != A || _table.Wanting.Contains(A); i++)
        {
            Assert.That(i, Is.LessThan(100), "it doesn't come");
            time += 11;
            _ = _table.Next(Seconds(time));
        }
    }

    private void Give(ulong who, int time)
    {
        _table.Want(who);
        Assert.That(At(time), Is.EqualTo((PermitAction.TakeBack, Self)));
        _table.Release(Self);
        Assert.That(At(time), Is.EqualTo((PermitAction.Grant, who)));
    }

    private static TimeSpan Seconds(int seconds) => TimeSpan.FromSeconds(seconds);

    private (PermitAction Action, ulong Who) At(int seconds)
    {
        var step = _table.Next(Seconds(seconds));
        return (step.Action, step.Who);
    }
}
