// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics;
using System.Text.Json;
using NUnit.Framework;

namespace InterMezzo.Native.Tests;

/// <summary>What goes on while somebody looks, waits, or tells the daemon to read its configuration again.</summary>
[Parallelizable(ParallelScope.Children)]
internal sealed class CliWatchTests
{
    [Test]
    public async Task Status_is_watched_until_interrupted()
    {
        await using var pair = await StartAsync();
        using var watch = Programs.Start(Programs.Ctl, ["status", "--watch", "--json", "--config", pair.Client.Configuration]);
        var first = await LineAsync(watch);
        pair.Script!.Create("new", "content"u8);
        await pair.SyncAsync();

        // A line each second; one of the next ones tells of the new file.
        var received = Received(first);
        while (Received(await LineAsync(watch)) == received)
        {
        }

        var ended = await InterruptAsync(watch);
        Assert.That(ended.Code, Is.Zero, ended.Errors);
        Assert.That(first.GetProperty("filesets")[0].GetProperty("state").GetString(), Is.EqualTo("following"));
    }

    [Test]
    public async Task Status_is_watched_on_a_terminal_too()
    {
        await using var pair = await StartAsync();
        using var watch = Programs.Start(Programs.Ctl, ["status", "--watch", "--config", pair.Client.Configuration]);
        var shown = 0;
        while (shown < 2)
        {
            shown += (await watch.StandardOutput.ReadLineAsync())!.StartsWith("FILESET  ROLE", StringComparison.Ordinal) ? 1 : 0;
        }

        Assert.That((await InterruptAsync(watch)).Code, Is.Zero);
    }

    [Test]
    public async Task Journal_is_followed_as_it_grows()
    {
        await using var pair = await StartAsync();
        using var follow = Programs.Start(Programs.Ctl, ["journal", "follow", "home", "--json", "--config", pair.Server.Configuration]);
        while ((await LineAsync(follow)).GetProperty("op").GetString() != "mkdir")
        {
        }

        pair.Script!.Symlink("link", "somewhere");
        var record = await LineAsync(follow);
        var ended = await InterruptAsync(follow);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(record.GetProperty("op").GetString(), Is.EqualTo("symlink"));
            Assert.That(ended.Code, Is.Zero, ended.Errors);
        }
    }

    [Test]
    public async Task Journal_follower_is_told_when_the_daemon_ends()
    {
        await using var pair = await StartAsync();
        using var follow = Programs.Start(Programs.Ctl, ["journal", "follow", "home", "--config", pair.Server.Configuration]);
        await follow.StandardOutput.ReadLineAsync();
        await pair.ServerDaemon!.KillAsync();
        var ended = await Programs.EndOfAsync(follow);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ended.Code, Is.EqualTo(4));
            Assert.That(ended.Errors, Does.Contain("lento has ended meanwhile"));
        }
    }

    [Test]
    public async Task Hang_up_reads_the_configuration_again()
    {
        await using var node = new CliNode("qube");
        await node.DoAsync("init");
        var daemon = await node.StartLentoAsync();
        var tree = node.MakeDirectory("tree");
        node.WriteConfiguration($"[[fileset]]\nname = \"home\"\nrole = \"server\"\nkind = \"plain\"\nmount = \"{tree}\"\n");
        await daemon.SignalAsync("HUP");
        await daemon.SaysAsync("Configuration read again: fileset \"home\" started");
        node.WriteConfiguration("[[fileset]]\nname = \"home\"\nrole = \"boss\"\n");
        await daemon.SignalAsync("HUP");
        await daemon.SaysAsync($"Configuration not taken up: {node.Configuration}:8: fileset.role: must be \"server\" or \"client\"");
        using (var control = new ControlLink(node.Socket))
        {
            Assert.That((await control.StatusAsync()).State, Is.EqualTo("serving"), "a wrong configuration changes nothing");
        }

        node.WriteConfiguration("");
        await daemon.SignalAsync("HUP");
        await daemon.SaysAsync("Configuration read again: fileset \"home\" left");
        Assert.That(daemon.HasExited, Is.False);
    }

    [Test]
    public async Task Node_is_not_changed_by_a_hang_up()
    {
        await using var node = new CliNode("qube");
        await node.DoAsync("init");
        var daemon = await node.StartLentoAsync();
        await File.WriteAllTextAsync(node.Configuration, (await File.ReadAllTextAsync(node.Configuration)).Replace($":{node.Port}\"", ":1\"", StringComparison.Ordinal));
        await daemon.SignalAsync("HUP");
        await daemon.SaysAsync("Configuration not taken up: [node] has changed: restart lento (`systemctl restart lento`) for that");
    }

    [Test]
    public async Task Sync_with_a_plain_server_returns_and_tells_what_it_cannot_know()
    {
        await using var pair = await CliPair.CreateAsync();
        await pair.ServePlainAsync();
        await File.WriteAllTextAsync(Path.Combine(pair.ServerTree, "note"), "from the server");
        await pair.JoinAsync();
        await pair.StartAsync();
        var ended = await pair.Client.CtlAsync("sync", "--wait", "--timeout", "100");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ended.Code, Is.Zero, ended.Errors);
            Assert.That(ended.Output, Does.Match(@"home: the server keeps no journal: the tree is as it was there at \d{4}-\d\d-\d\d "));
        }

        pair.AssertEqual();

        // What comes later is compared with at the next start.
        await File.WriteAllTextAsync(Path.Combine(pair.ServerTree, "later"), "from the server");
        await pair.ClientDaemon!.StopAsync();
        pair.ClientDaemon = await pair.Client.StartLentoAsync();
        await pair.SyncAsync();
        pair.AssertEqual();
    }

    private static async Task<CliPair> StartAsync()
    {
        var pair = await CliPair.CreateAsync();
        await pair.ServeScriptAsync();
        pair.Script!.Mkdir("d");
        await pair.JoinAsync();
        await pair.StartAsync();
        await pair.SyncAsync();
        return pair;
    }

    private static long Received(JsonElement status) => status.GetProperty("filesets")[0].GetProperty("recordsReceived").GetInt64();

    private static async Task<JsonElement> LineAsync(Process program) =>
        JsonDocument.Parse((await program.StandardOutput.ReadLineAsync())!).RootElement;

    private static async Task<Ended> InterruptAsync(Process program)
    {
        using var kill = Process.Start("kill", ["-INT", $"{program.Id}"]);
        return await Programs.EndOfAsync(program);
    }
}
