// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Simulation.Engine;
using InterMezzo.Simulation.Users;
using NUnit.Framework;

namespace InterMezzo.Simulation.Tests;

/// <summary>
/// Two replicas that disagree about one object in several ways at once: whichever quarrel is settled first, what was
/// written is in the tree or in a conflict store.
/// </summary>
[Parallelizable(ParallelScope.Children)]
internal sealed class SeveralQuarrelsTests
{
    private const int Orders = 40;

    [Test]
    public void Removed_here_written_and_renamed_there() => Check(
        server => server.Remove("f"),
        client =>
        {
            client.Write("f", "client");
            client.Rename("f", "g");
        },
        found => found.Tree().KeptIncludes("client"));

    [Test]
    public void Removed_here_renamed_and_written_there() => Check(
        server => server.Remove("f"),
        client =>
        {
            client.Rename("f", "g");
            client.Write("g", "client");
        },
        found => found.Tree().KeptIncludes("client"));

    [Test]
    public void Replaced_here_renamed_and_written_there() => Check(
        server =>
        {
            server.Write("n", "server");
            server.Rename("n", "f");
        },
        client =>
        {
            client.Write("d", "old");
            client.Rename("f", "d");
            client.Write("d", "client");
        },
        found => found.File("f", "server").KeptIncludes("client"));

    [Test]
    public void Removed_and_made_anew_here_written_and_made_anew_there() => Check(
        server =>
        {
            server.Remove("f");
            server.Write("f", "server");
        },
        client =>
        {
            client.Write("f", "client");
            client.Rename("f", "g");
            client.Write("f", "another");
        },
        found => found.File("f", "server").KeptIncludes("client", "another"));

    [Test]
    public void Renamed_here_linked_there() => Check(
        server => server.Rename("f", "c"),
        client =>
        {
            client.Write("f", "client");
            client.Link("f", "l");
        },
        found => found.Tree("c", "l").File("c", "client").File("l", "client"));

    [Test]
    public void Written_here_written_and_made_private_there() => Check(
        server => server.Write("f", "server"),
        client =>
        {
            client.Write("f", "client");
            client.Chmod("f", 0x180);
        },
        found => found.Tree("f").File("f", "server").KeptIncludes("client"));

    [Test]
    public void Moved_and_linked_here_into_what_was_removed_there() => Check(
        server =>
        {
            server.Rename("f", "d/f");
            server.Link("d/f", "d/l");
        },
        client => client.Remove("d"),
        found => found.Tree("d", "d/f", "d/l").File("d/f", "base").File("d/l", "base"),
        before => before.Mkdir("d"));

    [Test]
    public void Moved_and_removed_here_with_what_was_removed_there() => Check(
        server =>
        {
            server.Rename("f", "d/f");
            server.Remove("d/f");
            server.Remove("d");
        },
        client => client.Remove("d"),
        found => found.Tree(),
        before => before.Mkdir("d"));

    private static void Check(Action<Shell> server, Action<Shell> client, Action<Outcome> after, Action<Shell>? before = null)
    {
        for (var seed = 1; seed <= Orders; seed++)
        {
            var scenario = new Scenario(seed);
            scenario.Shells[0].Write("f", "base");
            before?.Invoke(scenario.Shells[0]);
            Assert.That(scenario.Sync(), Is.Null, () => scenario.Story);
            scenario.Part();
            server(scenario.Shells[0]);
            client(scenario.Shells[1]);
            Assert.That(scenario.Sync(), Is.Null, () => $"order {seed}:\n{scenario.Story}");
            after(new Outcome(scenario, $"order {seed}:\n{scenario.Story}"));
        }
    }
}
