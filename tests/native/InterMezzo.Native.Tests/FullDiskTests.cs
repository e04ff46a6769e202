// SPDX-License-Identifier: GPL-2.0-or-later
using NUnit.Framework;

namespace InterMezzo.Native.Tests;

/// <summary>
/// A replica whose disk becomes full says so, keeps what it has, doesn't try again and again without need, and goes on
/// by itself as soon as there is room.
/// </summary>
[Parallelizable(ParallelScope.Children)]
internal sealed class FullDiskTests
{
    private const int Megabyte = 1 << 20;

    [TestCase("tmpfs")]
    [TestCase("ext4")]
    public async Task Full_while_it_joins(string type)
    {
        await using var pair = await CliPair.CreateAsync();
        using var disk = SmallDisk.Mount(type, pair.ClientDisk, 40);
        await pair.ServeScriptAsync();
        Fill(pair.Script!, "early", 12);
        await pair.JoinAsync();
        disk.Fill(leaveKilobytes: 6 << 10);
        await pair.StartAsync();
        await TellsItIsFullAsync(pair, pair.ClientTree);
        Assert.That(Directory.GetFileSystemEntries(pair.ClientTree).Select(Path.GetFileName), Is.EqualTo([".intermezzo"]), "a tree enters whole");
        disk.Free();
        await GoesOnAsync(pair);
    }

    [TestCase("tmpfs")]
    [TestCase("ext4")]
    public async Task Full_while_it_follows(string type)
    {
        await using var pair = await CliPair.CreateAsync();
        using var disk = SmallDisk.Mount(type, pair.ClientDisk, 40);
        await pair.ServeScriptAsync();
        Fill(pair.Script!, "early", 4);
        await pair.JoinAsync();
        await pair.StartAsync();
        await pair.SyncAsync();
        var before = SyncTree.Describe(Path.Combine(pair.ClientTree, "early"));
        disk.Fill(leaveKilobytes: 4 << 10);
        Fill(pair.Script!, "late", 10);
        pair.Script!.Rename("early", "renamed");
        await TellsItIsFullAsync(pair, pair.ClientTree);
        var place = Directory.Exists(Path.Combine(pair.ClientTree, "renamed")) ? "renamed" : "early";
        Assert.That(SyncTree.Describe(Path.Combine(pair.ClientTree, place)), Is.EqualTo(before), "what it has stays");
        disk.Free();
        await GoesOnAsync(pair);
    }

    /// <summary>The index of a plain directory is apart from it.</summary>
    [Test]
    public async Task Full_where_the_state_is()
    {
        await using var pair = await CliPair.CreateAsync();
        var state = Directory.CreateDirectory(Path.Combine(pair.Client.State, "filesets")).FullName;
        using var disk = SmallDisk.Mount("tmpfs", state, 8);
        await pair.ServeScriptAsync();
        await pair.JoinAsync();
        await pair.StartAsync();
        await pair.SyncAsync();
        disk.Fill(leaveKilobytes: 16);
        for (var i = 0; i < 2000; i++)
        {
            pair.Script!.Create($"small {i}");
        }

        await TellsItIsFullAsync(pair, state);
        disk.Free();
        await GoesOnAsync(pair);
    }

    [Test]
    public async Task Full_when_it_starts()
    {
        await using var pair = await CliPair.CreateAsync();
        using var disk = SmallDisk.Mount("tmpfs", pair.ClientDisk, 8);
        await pair.ServeScriptAsync();
        Fill(pair.Script!, "early", 1);
        await pair.JoinAsync();
        disk.Fill(leaveKilobytes: 0);
        await pair.StartAsync();
        await TellsItIsFullAsync(pair, pair.ClientTree);
        disk.Free();
        await GoesOnAsync(pair);
    }

    private static void Fill(SyncScript script, string directory, int megabytes)
    {
        var random = new Random(megabytes);
        script.Mkdir(directory);
        for (var i = 0; i < megabytes; i++)
        {
            var content = new byte[Megabyte];
            random.NextBytes(content);
            script.Create($"{directory}/{i}", content);
        }
    }

    private static async Task TellsItIsFullAsync(CliPair pair, string where)
    {
        var message = $"no room on the file system of {where}";
        var said = 0;
        for (var i = 0; i < 4; i++)
        {
            // By then it waits for many seconds, which the questions below don't take.
            said = await pair.ClientDaemon!.SaysAsync(said, $"ERROR home: {message}");
        }

        var status = await pair.StatusAsync();
        var sync = await pair.Client.CtlAsync("sync", "--wait", "--timeout", "1");
        var conflicts = await pair.Client.CtlAsync("conflicts", "list");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(conflicts.Code, Is.EqualTo(1));
            Assert.That(conflicts.Errors, Does.Contain($"fileset \"home\" is out of order at present: {message}"));
            Assert.That(status.GetProperty("state").GetString(), Is.EqualTo("failed"));
            Assert.That(status.GetProperty("reason").GetString(), Does.StartWith(message).And.Contain("free some: replication goes on by itself, nothing is lost"));
            Assert.That(sync.Code, Is.EqualTo(3));
            Assert.That(sync.Errors, Does.Contain($"home: {message}"));
            Assert.That(await pair.Client.DoAsync("status"), Does.Contain("failed").And.Contain(message));
            Assert.That(pair.ClientDaemon!.Log, Does.Not.Contain("   at "), "a message, not a stack trace");
        }
    }

    private static async Task GoesOnAsync(CliPair pair)
    {
        await pair.SyncAsync();
        pair.AssertEqual();
        var attempts = pair.ClientDaemon!.Lines.Where(line => line.Contains(": no room", StringComparison.Ordinal)).Select(TimeOf).ToList();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(pair.ClientDaemon!.HasExited, Is.False);
            Assert.That(attempts.Zip(attempts.Skip(1), (first, second) => (second - first).TotalSeconds), Has.All.GreaterThan(0.9), "no hurry");
            Assert.That((await pair.StatusAsync()).GetProperty("state").GetString(), Is.EqualTo("following"));
        }
    }

    private static DateTime TimeOf(string line) =>
        DateTime.ParseExact(line[..23], "yyyy-MM-dd HH:mm:ss.fff", System.Globalization.CultureInfo.InvariantCulture);
}
