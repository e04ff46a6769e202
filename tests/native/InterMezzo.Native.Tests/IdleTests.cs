// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics;
using System.Globalization;
using NUnit.Framework;

namespace InterMezzo.Native.Tests;

/// <summary>
/// Daemons that are connected and have nothing to do sleep. What is asked for is one quiet moment, so a busy machine
/// can't fail it: a daemon that polls never has one.
/// </summary>
internal sealed class IdleTests
{
    private static readonly TimeSpan s_moment = TimeSpan.FromSeconds(6);

    /// <summary>After it no daemon still settles, were the machine ever so slow.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(3);

    /// <summary>The web server's clock ticks once a second; anything else that wakes up as often is too much.</summary>
    private const double WakeUpsPerSecond = 4;

    /// <summary>Of one core. Meant is nothing, but the kernel counts in hundredths of a second.</summary>
    private const double CpuShare = 0.02;

    [Test]
    public async Task Connected_daemons_without_work_sleep()
    {
        await using var server = new CliNode("qube");
        await using var client = new CliNode("t21");
        var daemons = await StartPairAsync(server, client);
        var began = Stopwatch.GetTimestamp();
        for (var quiet = false; !quiet;)
        {
            var before = Array.ConvertAll(daemons, Use.Of);
            await Task.Delay(s_moment);
            var used = daemons.Zip(before, (pid, use) => Use.Of(pid).Since(use)).ToList();
            quiet = used.TrueForAll(use => use.WakeUps <= WakeUpsPerSecond && use.Cpu <= CpuShare);
            if (Stopwatch.GetElapsedTime(began) > s_patience)
            {
                Assert.That(quiet, $"server {used[0]}, client {used[1]}");
            }
        }

        // They were connected all the time, and still are.
        Assert.That(await client.DoAsync("sync"), Does.Contain("In sync"));
    }

    private static async Task<int[]> StartPairAsync(CliNode server, CliNode client)
    {
        var tree = server.MakeDirectory("tree");
        using var script = new SyncScript(tree, Path.Combine(server.Home, "kml"));
        script.Create("file", "content"u8);
        await server.DoAsync("init");
        await client.DoAsync("init");
        await server.DoAsync("peer", "add", "t21", "--pin", await client.DoAsync("init", "--show-pin"));
        await server.DoAsync("fileset", "create", "home", "--mount", tree, "--log", Path.Combine(server.Home, "kml"), "--readonly-client", "t21");
        await client.DoAsync("peer", "add", "qube", "--pin", await server.DoAsync("init", "--show-pin"), "--address", $"127.0.0.1:{server.Port}");
        await client.DoAsync("fileset", "join", "home", "--server", "qube", "--mount", client.MakeDirectory("tree"));
        var daemons = new[] { (await server.StartLentoAsync()).Id, (await client.StartLentoAsync()).Id };
        await client.DoAsync("sync", "--wait");
        return daemons;
    }

    /// <summary>What a process has used: seconds of CPU, and wake-ups of each of its threads; both by the second, once compared.</summary>
    private sealed record Use(TimeSpan At, double Cpu, IReadOnlyDictionary<string, double> Threads)
    {
        public double WakeUps => Threads.Values.Sum();

        public static Use Of(int pid)
        {
            using var process = Process.GetProcessById(pid);
            var threads = Directory.GetDirectories($"/proc/{pid}/task").ToDictionary(task => task, WakeUpsOf);
            return new Use(Stopwatch.GetElapsedTime(0), process.TotalProcessorTime.TotalSeconds, threads);
        }

        public Use Since(Use before)
        {
            var seconds = (At - before.At).TotalSeconds;
            var more = Threads.ToDictionary(thread => thread.Key, thread => (thread.Value - before.Threads.GetValueOrDefault(thread.Key)) / seconds);
            return new Use(At - before.At, (Cpu - before.Cpu) / seconds, more);
        }

        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"wakes up {WakeUps:f1} times a second, uses {Cpu:p1} of a core");

        /// <summary>0: the thread has just ended.</summary>
        private static double WakeUpsOf(string task)
        {
            const string Name = "voluntary_ctxt_switches:";
            try
            {
                var line = File.ReadLines(Path.Combine(task, "status")).Single(line => line.StartsWith(Name, StringComparison.Ordinal));
                return double.Parse(line.AsSpan(Name.Length), CultureInfo.InvariantCulture);
            }
            catch (IOException)
            {
                return 0;
            }
        }
    }
}
