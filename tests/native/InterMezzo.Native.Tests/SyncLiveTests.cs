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

    [Test]
    [CancelAfter(60_000)]
    public async Task What_no_record_tells_arrives_when_a_scan_tells_it(CancellationToken cancellationToken)
    {
        using var script = new SyncScript(At("source"), At("source.kml"));
        foreach (var directory in (ReadOnlySpan<string>)["d", "d/gone", "d/gone/deep", "d/moves", "other"])
        {
            script.Mkdir(directory);
        }

        foreach (var file in (ReadOnlySpan<string>)["a", "b", "d/stays", "d/removed", "d/gone/deep/file", "d/moves/inside", "d/renamed", "d/linked"])
        {
            script.Create(file, System.Text.Encoding.UTF8.GetBytes(file));
        }

        var port = SyncFilesets.FreePort();
        await using var server = await SyncServer.StartAsync(SyncFilesets.Source(At("source"), At("source.kml"), At("server-state")), port);
        using var link = new SyncLink(port);
        await using var client = SyncFilesets.PlainClient(At("copy"), At("client-state"), link);
        await client.StartAsync();
        await client.SyncAsync(cancellationToken);
        SyncTree.AssertEqual(At("source"), At("copy"));

        script.Unrecorded(ChangeUnseen);
        foreach (var found in (ReadOnlySpan<string>)["a", "b", "d", "d/linked", "other", "other/moved", "other/renamed", "d/made", "d/made/new", "d/stays"])
        {
            script.Found(found);
        }

        script.FoundLink("other/second");
        foreach (var listed in (ReadOnlySpan<string>)["", "d", "other", "d/made"])
        {
            script.List(listed);
        }

        await client.SyncAsync(cancellationToken);
        SyncTree.AssertEqual(At("source"), At("copy"));
        Assert.That(client.Status().Conflicts, Is.Zero);
        Assert.That(Directory.GetFileSystemEntries(At("copy/.intermezzo/home/staging/aside")), Is.Empty, "nothing is left aside");
    }

    /// <summary>Names that come, go, move and change places; content, mode; a directory that goes with all in it.</summary>
    private static void ChangeUnseen(Func<string, string> at)
    {
        File.Move(at("a"), at("swap"));
        File.Move(at("b"), at("a"));
        File.Move(at("swap"), at("b"));
        File.Delete(at("d/removed"));
        Directory.Delete(at("d/gone"), recursive: true);
        Directory.Move(at("d/moves"), at("other/moved"));
        File.Move(at("d/renamed"), at("other/renamed"));
        Assert.That(SyncScript.HardLink(at("d/linked"), at("other/second")), Is.Zero);
        Directory.CreateDirectory(at("d/made"));
        File.WriteAllText(at("d/made/new"), "new");
        File.WriteAllText(at("d/stays"), "rewritten");
        File.SetUnixFileMode(at("d/stays"), UnixFileMode.UserRead);
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
