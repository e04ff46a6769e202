// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Simulation.Engine;
using NUnit.Framework;

namespace InterMezzo.Simulation.Tests;

/// <summary>What a program writes to a file that has lost its name since he opened it is in both conflict stores.</summary>
[Parallelizable(ParallelScope.Children)]
internal sealed class OpenFilesTests
{
    private const int Orders = 20;

    [Test]
    public void Written_after_another_file_took_the_name() => Check(server =>
    {
        server.Write("n", "server");
        server.Rename("n", "f");
    });

    [Test]
    public void Written_after_it_was_removed() => Check(server => server.Remove("f"));

    [Test]
    public void Written_after_its_directory_was_removed() => Check(
        server =>
        {
            server.Remove("d/f");
            server.Remove("d");
        },
        "d/f");

    [Test]
    public void Written_at_the_server_after_a_client_removed_it()
    {
        for (var seed = 1; seed <= Orders; seed++)
        {
            var scenario = new Scenario(seed);
            scenario.Shells[0].Write("f", "base");
            Assert.That(scenario.Sync(), Is.Null, () => scenario.Story);
            var open = scenario.Shells[0].Open("f");
            scenario.Shells[1].Remove("f");
            Assert.That(scenario.Sync(), Is.Null, () => $"order {seed}:\n{scenario.Story}");
            scenario.Shells[0].WriteAndClose(open, "late");
            Assert.That(scenario.Sync(), Is.Null, () => $"order {seed}:\n{scenario.Story}");
            _ = new Outcome(scenario, $"order {seed}:\n{scenario.Story}").Tree().Kept(["late"], []);
        }
    }

    private static void Check(Action<Users.Shell> server, string path = "f")
    {
        for (var seed = 1; seed <= Orders; seed++)
        {
            var scenario = new Scenario(seed);
            if (path != "f")
            {
                scenario.Shells[0].Mkdir("d");
            }

            scenario.Shells[0].Write(path, "base");
            Assert.That(scenario.Sync(), Is.Null, () => scenario.Story);
            var open = scenario.Shells[1].Open(path);
            server(scenario.Shells[0]);
            Assert.That(scenario.Sync(), Is.Null, () => $"order {seed}:\n{scenario.Story}");
            scenario.Shells[1].WriteAndClose(open, "late");
            Assert.That(scenario.Sync(), Is.Null, () => $"order {seed}:\n{scenario.Story}");
            _ = new Outcome(scenario, $"order {seed}:\n{scenario.Story}").KeptIncludes("late");
        }
    }
}
