// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Simulation.Engine;
using NUnit.Framework;

namespace InterMezzo.Simulation.Tests;

/// <summary>A client that serves another one, in many orders of the daemons' steps.</summary>
[Parallelizable(ParallelScope.Children)]
internal sealed class ChainTests
{
    private const int Orders = 20;

    private static readonly int[] s_row = [0, 1];

    [Test]
    public void What_is_done_at_one_end_is_at_the_other() => Check(
        shells =>
        {
            shells[0].Write("near", "of the server");
            shells[2].Write("far", "of the client's client");
        },
        shells =>
        {
            Assert.That(shells[2].Read("near"), Is.EqualTo("of the server"));
            Assert.That(shells[0].Read("far"), Is.EqualTo("of the client's client"));
        },
        kept: []);

    [Test]
    public void Of_three_versions_the_servers_stays_and_both_others_are_kept() => Check(
        shells =>
        {
            for (var i = 0; i < shells.Count; i++)
            {
                shells[i].Write("f", $"version {i}");
            }
        },
        shells => Assert.That(shells.Select(shell => shell.Read("f")), Is.All.EqualTo("version 0")),
        kept: ["version 1", "version 2"]);

    [Test]
    public void Of_two_versions_behind_the_server_that_of_the_middle_stays() => Check(
        shells =>
        {
            shells[1].Write("f", "middle");
            shells[2].Write("f", "end");
        },
        shells => Assert.That(shells.Select(shell => shell.Read("f")), Is.All.EqualTo("middle")),
        kept: ["end"]);

    [Test]
    public void What_the_end_wrote_is_kept_where_the_server_has_removed_it() => Check(
        shells =>
        {
            shells[0].Remove("f");
            shells[2].Write("f", "late");
        },
        shells => Assert.That(shells.Select(shell => shell.Read("f")), Is.All.Null),
        kept: ["late"]);

    /// <summary>All have "f", are on their own, do something, and meet; whatever is kept, somebody in the row must have.</summary>
    private static void Check(Action<IReadOnlyList<Users.Shell>> apart, Action<IReadOnlyList<Users.Shell>> together, string[] kept)
    {
        for (var seed = 1; seed <= Orders; seed++)
        {
            var scenario = new Scenario(seed, clients: 2, servers: s_row);
            scenario.Shells[0].Write("f", "base");
            Assert.That(scenario.Sync(), Is.Null, () => scenario.Story);
            scenario.Part();
            apart(scenario.Shells);
            Assert.That(scenario.Sync(), Is.Null, () => scenario.Story);
            together(scenario.Shells);
            Assert.That(Enumerable.Range(0, 3).SelectMany(scenario.Kept).Distinct().Order(), Is.EqualTo(kept), () => scenario.Story);
        }
    }
}
