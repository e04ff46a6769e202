// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Lento.Replication;
using NUnit.Framework;

namespace InterMezzo.Native.Tests;

/// <summary>A directory whose log somebody writes, followed live by plain directories.</summary>
[TestFixture]
public class SyncLiveTests
{
    private string _place = "";

    [SetUp]
    public void MakePlace() => _place = Directory.CreateTempSubdirectory("intermezzo-sync-").FullName;

    [TearDown]
    public void RemovePlace() => Directory.Delete(_place, recursive: true);

    [Test]
    [CancelAfter(30_000)]
    public async Task A_tree_arrives_and_then_every_change_of_it(CancellationToken cancellationToken)
    {
        using var script = new SyncScript(At("source"), At("source.kml"));
        script.Mkdir("d");
        script.Create("d/early", "before the client came"u8);
        var port = SyncFilesets.FreePort();
        await using var server = await SyncServer.StartAsync(SyncFilesets.Source(At("source"), At("source.kml"), At("server-state")), port);
        using var link = new SyncLink(port);
        await using var client = SyncFilesets.PlainClient(At("copy"), At("client-state"), link);
        await client.StartAsync();
        await client.SyncAsync(cancellationToken);
        SyncTree.AssertEqual(At("source"), At("copy"));

        ChangeEverything(script);
        await client.SyncAsync(cancellationToken);
        SyncTree.AssertEqual(At("source"), At("copy"));
        Assert.That(client.Status().State, Is.EqualTo(LinkState.Connected));
    }

    private static void ChangeEverything(SyncScript script)
    {
        script.Create("file", "content"u8);
        script.Create("empty");
        script.Mkdir("d/e");
        script.Create("d/e/deep", new byte[300_000]);
        script.Write("d/early", "another content"u8);
        script.Symlink("d/link", "../file");
        script.Link("file", "d/hard");
        script.Chmod("file", 0x141);
        script.Touch("d/early", new DateTime(2001, 2, 3, 4, 5, 6, 789, DateTimeKind.Utc).AddTicks(1));
        script.Rename("d/e", "moved");
        script.Create("victim", "x"u8);
        script.Rename("moved/deep", "victim");
        script.Create("gone", "y"u8);
        script.Unlink("gone");
        script.Mkdir("gone too");
        script.Rmdir("gone too");
        script.Truncate("victim", 5);
        script.Create("sparse");
        script.WriteSparse("sparse", 10_000_000, (5_000_000, "in the middle"u8.ToArray()));
    }

    private string At(string name) => Path.Combine(_place, name);
}
