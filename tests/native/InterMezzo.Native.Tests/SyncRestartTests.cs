// SPDX-License-Identifier: GPL-2.0-or-later
using NUnit.Framework;

namespace InterMezzo.Native.Tests;

/// <summary>Connections that break, daemons that stop, several clients: each goes on where it was.</summary>
[TestFixture]
public class SyncRestartTests
{
    private string _place = "";

    [SetUp]
    public void MakePlace() => _place = Directory.CreateTempSubdirectory("intermezzo-sync-").FullName;

    [TearDown]
    public void RemovePlace() => Directory.Delete(_place, recursive: true);

    [Test]
    [CancelAfter(120_000)]
    public async Task Two_clients_that_come_and_go_end_with_the_tree_of_the_server(CancellationToken cancellationToken)
    {
        using var script = new SyncScript(At("source"), At("source.kml"));
        script.Mkdir("d");
        var port = SyncFilesets.FreePort();
        var random = new Random(1);
        for (var round = 0; round < 10; round++)
        {
            await using var server = await StartServerAsync(port);
            using var link2 = new SyncLink(port);
            using var link3 = new SyncLink(port);
            await using var second = SyncFilesets.PlainClient(At("copy2"), At("state2"), link2, 2);
            await using var third = SyncFilesets.PlainClient(At("copy3"), At("state3"), link3, 3);
            await second.StartAsync();
            if (round % 2 == 0)
            {
                await third.StartAsync();
            }

            Change(script, random, round);
            if (round % 3 == 0)
            {
                await second.SyncAsync(cancellationToken);
                SyncTree.AssertEqual(At("source"), At("copy2"));
            }
        }

        await using var last = await StartServerAsync(port);
        foreach (var self in new ulong[] { 2, 3 })
        {
            using var link = new SyncLink(port);
            await using var client = SyncFilesets.PlainClient(At($"copy{self}"), At($"state{self}"), link, self);
            await client.StartAsync();
            await client.SyncAsync(cancellationToken);
            SyncTree.AssertEqual(At("source"), At($"copy{self}"));
        }
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task A_server_that_comes_back_is_found_again(CancellationToken cancellationToken)
    {
        using var script = new SyncScript(At("source"), At("source.kml"));
        var port = SyncFilesets.FreePort();
        using var link = new SyncLink(port);
        await using var client = SyncFilesets.PlainClient(At("copy2"), At("state2"), link);
        await client.StartAsync();
        for (var round = 0; round < 3; round++)
        {
            script.Create($"file {round}", "content"u8);
            await using var server = await StartServerAsync(port);
            link.ChangeNetwork();
            await client.SyncAsync(cancellationToken);
            SyncTree.AssertEqual(At("source"), At("copy2"));
        }
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task What_comes_and_goes_while_a_client_is_away_is_hardly_sent([Values] bool restarted, CancellationToken cancellationToken)
    {
        using var script = new SyncScript(At("source"), At("source.kml"));
        script.Create("part.c", "int part;"u8);
        var port = SyncFilesets.FreePort();
        var server = await StartServerAsync(port);
        try
        {
            using var link = new SyncLink(port);
            await using (var client = SyncFilesets.PlainClient(At("copy2"), At("state2"), link))
            {
                await client.StartAsync();
                await client.SyncAsync(cancellationToken);
            }

            BuildAndClean(script, objects: 50);
            if (restarted)
            {
                await server.DisposeAsync();
                server = await StartServerAsync(port);
            }

            var counters = server.Fileset.Counters;
            var (sent, cancelled) = (counters.RecordsOut, counters.Cancelled);
            await using var again = SyncFilesets.PlainClient(At("copy2"), At("state2"), link);
            await again.StartAsync();
            await again.SyncAsync(cancellationToken);

            // MKDIR, each object's CREATE, CLOSE, SETATTR and UNLINK, RMDIR. Who was started anew doesn't know what the client has seen: all removals go.
            SyncTree.AssertEqual(At("source"), At("copy2"));
            Assert.That(counters.RecordsOut - sent, Is.EqualTo(restarted ? 51 : 1));
            Assert.That(counters.Cancelled - cancelled, Is.EqualTo(restarted ? 151 : 201));
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task A_batch_under_a_writer_never_shows_a_half_written_file(CancellationToken cancellationToken)
    {
        using var script = new SyncScript(At("source"), At("source.kml"));
        script.Create("counter", new byte[40_000]);
        var port = SyncFilesets.FreePort();
        await using var server = await StartServerAsync(port);
        using var link = new SyncLink(port);
        await using var client = SyncFilesets.PlainClient(At("copy2"), At("state2"), link);
        await client.StartAsync();
        await client.SyncAsync(cancellationToken);
        var writing = Task.Run(() => Enumerable.Range(1, 200).ToList().ForEach(version =>
            script.Write("counter", Enumerable.Repeat((byte)version, 40_000).ToArray())), cancellationToken);
        while (!writing.IsCompleted)
        {
            var seen = await File.ReadAllBytesAsync(At("copy2/counter"), cancellationToken);
            Assert.That(seen, Has.Length.EqualTo(40_000).And.All.EqualTo(seen[0]), "one version, whole");
        }

        await writing;
        await client.SyncAsync(cancellationToken);
        SyncTree.AssertEqual(At("source"), At("copy2"));
    }

    private Task<SyncServer> StartServerAsync(int port) =>
        SyncServer.StartAsync(SyncFilesets.Source(At("source"), At("source.kml"), At("server-state")), port);

    private static void BuildAndClean(SyncScript script, int objects)
    {
        script.Mkdir("out");
        for (var i = 0; i < objects; i++)
        {
            script.Create($"out/{i}.o", "object"u8);
            script.Chmod($"out/{i}.o", 0x1ed);
        }

        for (var i = 0; i < objects; i++)
        {
            script.Unlink($"out/{i}.o");
        }

        script.Rmdir("out");
    }

    private static void Change(SyncScript script, Random random, int round)
    {
        for (var i = 0; i < 40; i++)
        {
            var name = $"d/{round}-{i}";
            script.Create(name, new byte[random.Next(200_000)]);
            switch (random.Next(5))
            {
                case 0:
                    script.Rename(name, $"moved {round}-{i}");
                    break;
                case 1:
                    script.Unlink(name);
                    break;
                case 2:
                    script.Write(name, new byte[random.Next(1000)]);
                    break;
                case 3:
                    script.Link(name, $"link {round}-{i}");
                    break;
                default:
                    script.Truncate(name, random.Next(1000));
                    break;
            }
        }
    }

    private string At(string name) => Path.Combine(_place, name);
}
