// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Simulation.Engine;
using NUnit.Framework;

namespace InterMezzo.Simulation.Tests;

/// <summary>What a daemon remembers is what changed since its peer last knew, however long they have been together.</summary>
[Parallelizable(ParallelScope.Children)]
internal sealed class MemoryTests
{
    private const int Rounds = 60;

    [Test]
    public void What_the_peer_knows_is_forgotten([Values(0, 1)] int replica)
    {
        var scenario = new Scenario(1);
        Assert.That(scenario.Sync(), Is.Null, () => scenario.Story);
        var most = new int[2];
        for (var round = 0; round < Rounds; round++)
        {
            // All files are others: nothing that is remembered takes the place of anything.
            scenario.Shells[0].Write($"server {round}", "content");
            scenario.Shells[1].Write($"client {round}", "content");
            Assert.That(scenario.Sync(), Is.Null, () => scenario.Story);
            var half = round * 2 / Rounds;
            most[half] = Math.Max(most[half], scenario.Remembered(replica));
        }

        Assert.That(most[1], Is.LessThanOrEqualTo(most[0]));
    }
}
