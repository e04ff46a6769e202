// SPDX-License-Identifier: GPL-2.0-or-later
using NUnit.Framework;

namespace InterMezzo.Native.Tests;

/// <summary>lento killed (-9) while contents are on their way: nothing is missing, and what has come doesn't come again.</summary>
[Parallelizable(ParallelScope.Children)]
internal sealed class KillTests
{
    private const int Kills = 20;
    private const int Megabyte = 1 << 20;

    /// <summary>So much is made in each round, and never taken back in it: a kill at a smaller count of bytes always finds it on its way.</summary>
    private const int Surely = 3 * Megabyte;

    [Test]
    public async Task Killed_again_and_again_on_either_side()
    {
        var seed = TestContext.CurrentContext.Random.Next();
        TestContext.Out.WriteLine($"seed {seed}");
        var random = new Random(seed);
        await using var pair = await CliPair.CreateAsync();
        await pair.ServeScriptAsync();
        var work = new KillWork(pair.Script!, random);
        work.Prepare();
        await pair.JoinAsync();
        await pair.StartAsync();
        var victims = Enumerable.Range(0, Kills).Select(i => i % 2 == 0).ToArray();
        random.Shuffle(victims);
        var said = 0;
        for (var round = 0; round < Kills; round++)
        {
            // The first rounds meet the join, the others the log's records.
            said = await pair.ClientDaemon!.SaysAsync(said, "takes a snapshot of the server", "connected to");
            using var control = new ControlLink(pair.Client.Socket);
            var goal = (await control.StatusAsync()).BytesReceived + random.Next(Surely);
            var working = Task.Run(() => work.Do(round, Surely));
            await control.WaitAsync(status => status.BytesReceived > goal);
            said = victims[round] ? await KillClientAsync(pair) : await KillServerAsync(pair);
            await working;
        }

        await pair.SyncAsync();
        pair.AssertEqual();
    }

    [TestCase(true, false)]
    [TestCase(false, false)]
    [TestCase(false, true)]
    public async Task Large_content_goes_on_where_it_was(bool client, bool joining)
    {
        const long Size = 256L * Megabyte, Slack = 24L * Megabyte;
        await using var pair = await CliPair.CreateAsync();
        await pair.ServeScriptAsync();
        if (joining)
        {
            KillWork.WriteLarge(pair.Script!, "large", Size);
        }

        await pair.JoinAsync();
        await pair.StartAsync();
        if (!joining)
        {
            await pair.SyncAsync();
            KillWork.WriteLarge(pair.Script!, "large", Size);
        }

        long before;
        using (var control = new ControlLink(pair.Client.Socket))
        {
            before = (await control.WaitAsync(status => status.BytesReceived > Size / 2)).BytesReceived;
        }

        Assert.That(before, Is.LessThan(Size), "killed in the middle");
        _ = client ? await KillClientAsync(pair) : await KillServerAsync(pair);
        await pair.SyncAsync();
        pair.AssertEqual();
        var after = (await pair.StatusAsync()).GetProperty("bytesReceived").GetInt64();

        // A daemon counts from its start; what is on its way when it is killed is lost.
        var again = (client ? before + after : after) - Size;
        TestContext.Out.WriteLine($"{before >> 20} MiB had come, {after >> 20} MiB are counted in the end, {again >> 10} KiB came twice");
        Assert.That(again, Is.LessThan(Slack));
    }

    private static async Task<int> KillClientAsync(CliPair pair)
    {
        await pair.ClientDaemon!.KillAsync();
        pair.ClientDaemon = await pair.Client.StartLentoAsync();
        return 0;
    }

    /// <summary>Where the client's log goes on.</summary>
    private static async Task<int> KillServerAsync(CliPair pair)
    {
        await pair.ServerDaemon!.KillAsync();
        var said = pair.ClientDaemon!.Lines.Count;
        pair.ServerDaemon = await pair.Server.StartLentoAsync();
        return said;
    }
}
