// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using InterMezzo.Journal;
using InterMezzo.Simulation.Engine;
using NUnit.Framework;

namespace InterMezzo.Simulation.Tests;

/// <summary>A client that may only read has nothing that its server could lack.</summary>
internal sealed class ReadOnlyTests
{
    [Test]
    public void It_is_in_sync_and_trims_its_log()
    {
        var scenario = new Scenario(1, trimStep: 4096, isReadOnly: true);
        for (var i = 0; i < 50; i++)
        {
            scenario.Shells[0].Write(string.Create(CultureInfo.InvariantCulture, $"f{i}"), "of the server");
            Assert.That(scenario.Sync(), Is.Null, () => scenario.Story);
        }

        Assert.That(scenario.FirstOfLog(1), Is.GreaterThan((ulong)KmlFormat.SuperSize));
    }
}
