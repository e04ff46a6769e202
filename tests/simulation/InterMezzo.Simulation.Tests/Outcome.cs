// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Simulation.Engine;
using NUnit.Framework;

namespace InterMezzo.Simulation.Tests;

/// <summary>What is in the trees, which are equal, and in the conflict stores.</summary>
internal sealed class Outcome(Scenario scenario, string what)
{
    /// <summary>All paths there are.</summary>
    public Outcome Tree(params string[] paths)
    {
        Assert.That(scenario.Shells[0].All(), Is.EquivalentTo(paths), what);
        return this;
    }

    public Outcome File(string path, string text)
    {
        Assert.That(scenario.Shells[0].Read(path), Is.EqualTo(text), what);
        return this;
    }

    public Outcome Mode(string path, uint mode)
    {
        Assert.That(scenario.Shells[0].Mode(path), Is.EqualTo(mode), what);
        return this;
    }

    public Outcome Xattr(string path, string name, string value)
    {
        Assert.That(scenario.Shells[0].Xattr(path, name), Is.EqualTo(value), what);
        return this;
    }

    /// <summary>The conflict store of the server, and that of the client, hold these contents, and no others.</summary>
    public Outcome Kept(string[] server, string[] client)
    {
        Assert.That(scenario.Kept(0), Is.EquivalentTo(server), $"at the server: {what}");
        Assert.That(scenario.Kept(1), Is.EquivalentTo(client), $"at the client: {what}");
        return this;
    }

    /// <summary>Both conflict stores hold these contents, and perhaps others.</summary>
    public Outcome KeptIncludes(params string[] contents)
    {
        Assert.That(contents, Is.SubsetOf(scenario.Kept(0)), $"at the server: {what}");
        Assert.That(contents, Is.SubsetOf(scenario.Kept(1)), $"at the client: {what}");
        return this;
    }

    /// <summary>So the server calls what it lists.</summary>
    public Outcome ListedAtServer(params string[] reasons)
    {
        Assert.That(scenario.Conflicts(0).Select(conflict => conflict.Conflict.Reason).Distinct(), Is.EquivalentTo(reasons), what);
        return this;
    }

    /// <summary>Both list something, by that name.</summary>
    public Outcome Listed(string reason) => ListedAtServer(reason).ListedAtClient(reason);

    public Outcome ListedAtClient(params string[] reasons)
    {
        Assert.That(scenario.Conflicts(1).Select(conflict => conflict.Conflict.Reason).Distinct(), Is.EquivalentTo(reasons), what);
        return this;
    }

    /// <summary>Nobody need decide anything.</summary>
    public Outcome NoConflict() => ListedAtServer().ListedAtClient().Kept([], []);
}
