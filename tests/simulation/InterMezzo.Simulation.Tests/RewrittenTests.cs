// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Simulation.Engine;
using NUnit.Framework;

namespace InterMezzo.Simulation.Tests;

/// <summary>A file that the server made, and a client gave another content, is the same file: what another client does to it is no conflict.</summary>
[Parallelizable(ParallelScope.Children)]
internal sealed class RewrittenTests
{
    [Test]
    public void One_client_writes_the_servers_file_and_another_renames_it()
    {
        for (var seed = 1; seed <= 20; seed++)
        {
            var scenario = new Scenario(seed, clients: 2);
            scenario.Shells[0].Write("f", "base");
            Assert.That(scenario.Sync(), Is.Null, () => scenario.Story);
            scenario.Part();
            scenario.Shells[1].Write("f", "new");
            scenario.Shells[2].Rename("f", "g");
            Assert.That(scenario.Sync(), Is.Null, () => scenario.Story);
            Assert.That(scenario.Shells.Select(shell => shell.Read("g")), Is.All.EqualTo("new"), () => scenario.Story);
            Assert.That(Enumerable.Range(0, 3).SelectMany(scenario.Conflicts), Is.Empty, () => scenario.Story);
        }
    }
}
