// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Simulation.Engine;
using NUnit.Framework;

namespace InterMezzo.Simulation.Tests;

/// <summary>What a power cut leaves of the index: it is older than the log, or than the tree.</summary>
[Parallelizable(ParallelScope.Children)]
internal sealed class PowerCutTests
{
    private const int Orders = 40;

    /// <summary>Bytes: the log goes as soon as everybody has it.</summary>
    private const ulong AtOnce = 1;

    [Test]
    public void What_the_index_has_not_kept_is_still_in_the_log([Values(0, 1)] int replica)
    {
        for (var seed = 1; seed <= Orders; seed++)
        {
            var scenario = new Scenario(seed, trimStep: AtOnce);
            Assert.That(scenario.Sync(), Is.Null, () => scenario.Story);
            var other = scenario.Shells[1 - replica];
            for (var round = 0; round < 4; round++)
            {
                other.Write($"f{round}", $"made {round}");
                Assert.That(scenario.Sync(), Is.Null, () => scenario.Story);
            }

            scenario.CutPower(replica);
            Assert.That(scenario.Sync(), Is.Null, () => scenario.Story);
            for (var round = 0; round < 4; round++)
            {
                scenario.Shells[replica].Write($"f{round}", $"written {round}");
            }

            Assert.That(scenario.Sync(), Is.Null, () => scenario.Story);
            Assert.That(other.Read("f3"), Is.EqualTo("written 3"));
        }
    }
}
