// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Simulation.Engine;
using NUnit.Framework;

namespace InterMezzo.Simulation.Tests;

/// <summary>A conflict is resolved on one replica; with many orders of what the daemons do.</summary>
[TestFixture]
internal sealed class ResolvedTests
{
    private const int Orders = 25;

    public enum Meanwhile
    {
        Connected,
        Away,
        Killed,
    }

    [Test]
    public void Resolved_on_one_it_is_resolved_on_both([Values(0, 1)] int where, [Values] bool isName, [Values] Meanwhile meanwhile)
    {
        for (var seed = 1; seed <= Orders; seed++)
        {
            var scenario = isName ? TwoOfOneName(seed) : TwoContents(seed);
            Assert.That((scenario.Kept(0), scenario.Kept(1)), Is.EqualTo((new[] { "client" }, new[] { "client" })));
            if (meanwhile == Meanwhile.Away)
            {
                scenario.Part();
            }

            scenario.ResolveAll(where);
            scenario.Rest();
            if (meanwhile != Meanwhile.Connected)
            {
                Assert.That(scenario.Conflicts(where), Is.Empty);
                scenario.Kill(where);
            }

            Sync(scenario);
            var found = new Outcome(scenario, $"order {seed}:\n{scenario.Story}").NoConflict();
            found.File(isName ? "n" : "f", "server");
        }
    }

    [Test]
    public void What_nobody_has_seen_who_decided_stays()
    {
        for (var seed = 1; seed <= Orders; seed++)
        {
            // The server keeps only that the mode was set, the client the file.
            var scenario = Conflict(seed, "f", client => client.Chmod("f", 0x180), server => server.Remove("f"));
            scenario.ResolveAll(0);
            Sync(scenario);
            new Outcome(scenario, scenario.Story).Kept([], ["base"]).ListedAtServer().ListedAtClient("attribute/remove");

            // The other way round nothing is unknown.
            scenario.ResolveAll(1);
            Sync(scenario);
            new Outcome(scenario, scenario.Story).NoConflict();
        }
    }

    [Test]
    public void Decided_at_the_client_about_more_than_the_server_keeps()
    {
        for (var seed = 1; seed <= Orders; seed++)
        {
            var scenario = Conflict(seed, "f", client => client.Chmod("f", 0x180), server => server.Remove("f"));
            scenario.ResolveAll(1);
            Sync(scenario);
            new Outcome(scenario, scenario.Story).NoConflict();
        }
    }

    /// <summary>What was resolved isn't found again, nor is what comes after it taken for it.</summary>
    [Test]
    public void Next_conflict_about_the_same_file_is_another_one()
    {
        for (var seed = 1; seed <= Orders; seed++)
        {
            var scenario = TwoContents(seed);
            scenario.ResolveAll(0);
            Sync(scenario);
            scenario.Part();
            scenario.Shells[0].Write("f", "server again");
            scenario.Shells[1].Write("f", "client");
            Sync(scenario);
            new Outcome(scenario, scenario.Story).File("f", "server again").Kept(["client"], ["client"]).Listed("content/content");
        }
    }

    private static Scenario TwoContents(int seed) => Conflict(seed, "f", client => client.Write("f", "client"), server => server.Write("f", "server"));

    private static Scenario TwoOfOneName(int seed) => Conflict(seed, null, client => client.Write("n", "client"), server => server.Write("n", "server"));

    private static Scenario Conflict(int seed, string? before, Action<Users.Shell> client, Action<Users.Shell> server)
    {
        var scenario = new Scenario(seed);
        if (before is not null)
        {
            scenario.Shells[0].Write(before, "base");
        }

        Sync(scenario);
        scenario.Part();
        server(scenario.Shells[0]);
        client(scenario.Shells[1]);
        Sync(scenario);
        return scenario;
    }

    private static void Sync(Scenario scenario) => Assert.That(scenario.Sync(), Is.Null, () => scenario.Story);
}
