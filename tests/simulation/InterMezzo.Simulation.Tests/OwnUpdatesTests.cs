// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Simulation.Engine;
using NUnit.Framework;

namespace InterMezzo.Simulation.Tests;

/// <summary>What the own log says of a name that the peer doesn't know.</summary>
internal sealed class OwnUpdatesTests
{
    [Test]
    public void What_was_made_is_there_though_its_removal_failed()
    {
        var scenario = new Scenario(1);
        Assert.That(scenario.Sync(), Is.Null, () => scenario.Story);
        scenario.Part();
        scenario.Shells[1].Mkdir("d");
        scenario.Shells[1].Write("d/f", "in it");
        scenario.Shells[1].FailToRemove("d");
        Assert.That(scenario.HasOwnName(1, "d"), Is.True);
    }

    [Test]
    public void What_came_and_went_was_never_there()
    {
        var scenario = new Scenario(1);
        Assert.That(scenario.Sync(), Is.Null, () => scenario.Story);
        scenario.Part();
        scenario.Shells[1].Mkdir("d");
        scenario.Shells[1].Remove("d");
        Assert.That(scenario.HasOwnName(1, "d"), Is.False);
    }
}
