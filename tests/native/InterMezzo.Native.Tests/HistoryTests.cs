// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using NUnit.Framework;

namespace InterMezzo.Native.Tests;

/// <summary>
/// Histories of the simulator, with real daemons: its users work on the served tree, daemons are killed where the plan says
/// that something breaks, and in the end the client has that tree.
/// </summary>
[Parallelizable(ParallelScope.Children)]
internal sealed class HistoryTests
{
    [TestCase(1ul)]
    [TestCase(2ul)]
    [TestCase(3ul)]
    [TestCase(4ul)]
    [TestCase(5ul)]
    [TestCase(6ul)]
    public async Task Comes_to_rest_with_equal_trees(ulong seed)
    {
        var plan = await Programs.RunAsync(Simulator, "--plan", seed.ToString(CultureInfo.InvariantCulture));
        Assert.That(plan.Code, Is.Zero, plan.Errors);
        await using var pair = await CliPair.CreateAsync();
        await pair.ServeScriptAsync();
        var users = new HistoryUsers(pair.Script!, seed);
        await pair.JoinAsync();
        await pair.StartAsync();
        var done = 0;
        foreach (var line in plan.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var words = line.Split(' ');
            var (kind, isServer, numbers) = (words[0], words[1] == "0", words[2..].Select(word => int.Parse(word, CultureInfo.InvariantCulture)).ToArray());
            switch (kind)
            {
                case "Pull" or "Break" or "Kill" or "CutPower":
                    await KillAsync(pair, isServer);
                    break;
                case "Plug" or "StartDaemon" or "PowerOn":
                    await StartAsync(pair, isServer);
                    break;
                default:
                    done += users.Do(kind, numbers[0], numbers[1], numbers[2]) ? 1 : 0;
                    break;
            }
        }

        await StartAsync(pair, isServer: true);
        await StartAsync(pair, isServer: false);
        await pair.SyncAsync();
        pair.AssertEqual();
        Assert.That(done, Is.Positive, "somebody has done something");
        Assert.That((await pair.StatusAsync()).GetProperty("conflicts").GetInt64(), Is.Zero);
    }

    /// <summary>Built beside this, in the same configuration.</summary>
    private static string Simulator
    {
        get
        {
            var output = TestContext.CurrentContext.TestDirectory;
            var parts = output.TrimEnd('/').Split('/');
            return Path.GetFullPath(Path.Combine(output, "../../../../..", "simulation/InterMezzo.Simulation/bin", parts[^2], parts[^1], "simulate"));
        }
    }

    private static async Task KillAsync(CliPair pair, bool isServer)
    {
        if (isServer && pair.ServerDaemon is { } server)
        {
            await server.KillAsync();
            pair.ServerDaemon = null;
        }
        else if (!isServer && pair.ClientDaemon is { } client)
        {
            await client.KillAsync();
            pair.ClientDaemon = null;
        }
    }

    private static async Task StartAsync(CliPair pair, bool isServer)
    {
        if (isServer)
        {
            pair.ServerDaemon ??= await pair.Server.StartLentoAsync();
        }
        else
        {
            pair.ClientDaemon ??= await pair.Client.StartLentoAsync();
        }
    }
}
