// SPDX-License-Identifier: GPL-2.0-or-later
using System.Text.Json;
using NUnit.Framework;

namespace InterMezzo.Native.Tests;

/// <summary>
/// What is kept of two versions, as a user meets it. The conflict at a client is made by two daemons; those at a server are put
/// there, and the journal of what is done then is a script's.
/// </summary>
internal sealed class CliConflictTests
{
    private CliPair _pair = null!;

    [SetUp]
    public async Task MakePair()
    {
        _pair = await CliPair.CreateAsync();
        await _pair.ServeScriptAsync();
    }

    [TearDown]
    public async Task EndPair() => await _pair.DisposeAsync();

    [Test]
    public async Task Conflict_of_a_join_is_shown_compared_and_ended()
    {
        _pair.Script!.Create("notes.txt", "one\nserver\n"u8);
        Directory.CreateDirectory(_pair.ClientTree);
        await File.WriteAllTextAsync(Path.Combine(_pair.ClientTree, "notes.txt"), "one\nlaptop\n");
        await _pair.JoinAsync();
        await _pair.StartAsync();
        await _pair.SyncAsync();
        var id = await OnlyIdAsync(_pair.Client);
        var shown = await _pair.Client.DoAsync("conflicts", "show", id);
        var json = JsonDocument.Parse(await _pair.Client.DoAsync("conflicts", "show", id[..6], "--json")).RootElement;
        var diff = await _pair.Client.CtlAsync("conflicts", "diff", id);
        var suggested = await Programs.RunAsync(Programs.Ctl, "[suggest:23]", $"conflicts resolve {id[..5]} --config {_pair.Client.Configuration}");
        var refused = new List<Ended>();
        foreach (var keep in new[] { "theirs", "both", _pair.Client.Configuration })
        {
            refused.Add(await _pair.Client.CtlAsync("conflicts", "resolve", id, "--keep", keep));
        }

        using (Assert.EnterMultipleScope())
        {
            Assert.That(shown, Does.Contain("was here before the join").And.Contain("the version of t21").And.Contain($"{_pair.ClientTree}/notes.txt")
                .And.Contain("notes.txt: file, mode").And.Contain("11 bytes"));
            Assert.That(json.GetProperty("conflict").GetProperty("id").GetString(), Is.EqualTo(id));
            Assert.That(json.GetProperty("winnerMachine").GetString(), Is.EqualTo("qube"));
            Assert.That(json.GetProperty("tree").GetProperty("what").GetString(), Is.EqualTo("other"));
            Assert.That(json.GetProperty("versions")[0].GetProperty("size").GetInt32(), Is.EqualTo(11));
            Assert.That((diff.Code, diff.Output), Is.EqualTo((5, "--- notes.txt (tree)\n+++ notes.txt (kept, t21)\n@@ -1,2 +1,2 @@\n one\n-server\n+laptop\n")));
            Assert.That(suggested.Output.Split('\n'), Does.Contain(id));
            Assert.That(refused, Has.All.Matches<Ended>(ended => ended!.Code == 1 && ended.Errors.Contains("is a plain directory here", StringComparison.Ordinal)));
        }

        var resolved = await _pair.Client.DoAsync("conflicts", "resolve", id, "--keep", "ours");
        Assert.That(resolved, Does.Contain("stays as it is").And.Contain($"Conflict {id} is resolved"));
        Assert.That((await _pair.StatusAsync()).GetProperty("conflicts").GetInt32(), Is.Zero);
        Assert.That(Directory.GetFileSystemEntries(Path.Combine(_pair.ClientTree, ".intermezzo/home/conflicts")), Is.Empty);
        _pair.AssertEqual();
    }

    [TestCase("ours", "server")]
    [TestCase("theirs", "laptop")]
    [TestCase("both", "server")]
    [TestCase("FILE", "merged")]
    public async Task Content_is_resolved_and_goes_to_the_other_replica(string keep, string expected)
    {
        _pair.Script!.Create("notes.txt", "laptop"u8);
        _pair.Script.Chmod("notes.txt", Convert.ToUInt32("640", 8));
        await KeepAsync(kept => kept.Copy("notes.txt"));
        _pair.Script.Write("notes.txt", "server"u8);
        _pair.Script.Chmod("notes.txt", Convert.ToUInt32("600", 8));
        await StartAsync();

        var merged = Path.Combine(_pair.Server.Home, "merged");
        await File.WriteAllTextAsync(merged, "merged");
        var id = await OnlyIdAsync(_pair.Server);
        var resolved = JsonDocument.Parse(
            await _pair.Server.DoAsync("conflicts", "resolve", id, "--keep", keep == "FILE" ? merged : keep, "--json")).RootElement;
        var beside = $"notes.conflict-{0x22:x16}-{id}.txt";
        _pair.Script.Found(keep == "both" ? beside : "notes.txt");
        await _pair.SyncAsync();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(resolved.GetProperty("paths")[0].GetString(), Is.EqualTo(keep == "both" ? beside : "notes.txt"));
            Assert.That(await File.ReadAllTextAsync(Path.Combine(_pair.ClientTree, "notes.txt")), Is.EqualTo(expected));
            Assert.That(Octal(Path.Combine(_pair.ClientTree, "notes.txt")), Is.EqualTo("600"), "what was set on the file since stays");
            Assert.That(Directory.GetFiles(_pair.ClientTree), Has.Length.EqualTo(keep == "both" ? 2 : 1));
            Assert.That(await _pair.Server.DoAsync("conflicts", "list"), Is.EqualTo("No conflicts."));
        }

        if (keep == "both")
        {
            Assert.That(await File.ReadAllTextAsync(Path.Combine(_pair.ClientTree, beside)), Is.EqualTo("laptop"));
            Assert.That(Octal(Path.Combine(_pair.ClientTree, beside)), Is.EqualTo("640"));
        }

        _pair.AssertEqual();
    }

    [Test]
    public async Task Resolved_on_one_machine_it_is_no_longer_listed_on_the_other([Values] bool away)
    {
        _pair.Script!.Create("notes.txt", "laptop"u8);
        await StartAsync();
        await _pair.ClientDaemon!.KillAsync();
        await _pair.ServerDaemon!.KillAsync();
        await KeepAsync(kept => kept.Copy("notes.txt"));
        using (var kept = await KeptVersions.OpenAsync(_pair.Client, _pair.ClientTree))
        {
            kept.Copy("notes.txt");
        }

        _pair.ServerDaemon = await _pair.Server.StartLentoAsync();
        if (!away)
        {
            await ConnectAsync();
            Assert.That(await OnlyIdAsync(_pair.Client), Is.EqualTo(await OnlyIdAsync(_pair.Server)));
        }

        await _pair.Server.DoAsync("conflicts", "resolve", await OnlyIdAsync(_pair.Server), "--keep", "ours");
        if (away)
        {
            await _pair.ServerDaemon.KillAsync();
            _pair.ServerDaemon = await _pair.Server.StartLentoAsync();
            await ConnectAsync();
        }

        await _pair.SyncAsync();
        Assert.That(await _pair.Client.DoAsync("conflicts", "list"), Is.EqualTo("No conflicts."));
        Assert.That(Directory.GetFileSystemEntries(Path.Combine(_pair.ClientTree, ".intermezzo/home/conflicts")), Is.Empty);
        _pair.AssertEqual();

        async Task ConnectAsync()
        {
            _pair.ClientDaemon = await _pair.Client.StartLentoAsync();
            await _pair.SyncAsync();
        }
    }

    [TestCase("theirs")]
    [TestCase("both")]
    public async Task Directory_comes_back_with_all_in_it(string keep)
    {
        _pair.Script!.Mkdir("d");
        _pair.Script.Mkdir("d/e");
        _pair.Script.Create("d/e/f", "deep"u8);
        _pair.Script.Create("d/g", "linked"u8);
        _pair.Script.Link("d/g", "d/h");
        _pair.Script.Symlink("d/l", "g");
        _pair.Script.Create("d/sparse");
        _pair.Script.WriteSparse("d/sparse", 3_000_000, (1_000_000, "in the middle"u8.ToArray()));
        var before = SyncTree.Describe(_pair.ServerTree);
        await KeepAsync(kept => kept.Evict("d"));
        await StartAsync();

        var id = await OnlyIdAsync(_pair.Server);
        Assert.That((await _pair.Server.CtlAsync("conflicts", "diff", id)).Errors, Does.Contain("is no file"));
        await _pair.Server.DoAsync("conflicts", "resolve", id, "--keep", keep);
        var top = keep == "both" ? $"d.conflict-{0x22:x16}-{id}" : "d";
        foreach (var path in (ReadOnlySpan<string>)["", "/e", "/e/f", "/g", "/l", "/sparse"])
        {
            _pair.Script.Found(top + path);
        }

        _pair.Script.FoundLink(top + "/h");
        await _pair.SyncAsync();
        _pair.AssertEqual();
        Assert.That(SyncTree.Describe(_pair.ServerTree).Replace(top, "d", StringComparison.Ordinal), Is.EqualTo(before));
    }

    [Test]
    public async Task Version_whose_directory_is_gone_comes_into_the_root()
    {
        _pair.Script!.Mkdir("d");
        _pair.Script.Create("d/f.txt", "laptop"u8);
        await KeepAsync(kept => kept.Copy("d/f.txt"));
        _pair.Script.Unlink("d/f.txt");
        _pair.Script.Rmdir("d");
        await StartAsync();
        var id = await OnlyIdAsync(_pair.Server);
        var refused = await _pair.Server.CtlAsync("conflicts", "resolve", id, "--keep", "theirs");
        await _pair.Server.DoAsync("conflicts", "resolve", id, "--keep", "both");
        Assert.That((refused.Code, refused.Errors), Is.EqualTo((1, $"intermezzo-ctl: conflict {id}, d/f.txt: the directory that it was in is gone: make one of that name, then try again, or --keep both brings it into the fileset's root\n")));
        Assert.That(await File.ReadAllTextAsync(Path.Combine(_pair.ServerTree, $"f.conflict-{0x22:x16}-{id}.txt")), Is.EqualTo("laptop"));
    }

    [Test]
    public async Task Name_that_is_taken_by_now_goes_to_the_kept_version()
    {
        _pair.Script!.Create("f", "laptop"u8);
        await KeepAsync(kept => kept.Evict("f"));
        _pair.Script.Create("f", "server"u8);
        await StartAsync();
        await _pair.Server.DoAsync("conflicts", "resolve", await OnlyIdAsync(_pair.Server), "--keep", "theirs");
        _pair.Script.Found("f");
        await _pair.SyncAsync();
        Assert.That(await File.ReadAllTextAsync(Path.Combine(_pair.ClientTree, "f")), Is.EqualTo("laptop"));
        _pair.AssertEqual();
    }

    [Test]
    public async Task Update_of_which_no_version_is_kept_is_done_again()
    {
        _pair.Script!.Mkdir("d");
        foreach (var name in (ReadOnlySpan<string>)["mode", "gone", "moves"])
        {
            _pair.Script.Create(name, "content"u8);
        }

        await KeepAsync(kept =>
        {
            kept.RefuseMode("mode", Convert.ToUInt32("400", 8));
            kept.RefuseUnlink("gone");
            kept.RefuseRename("moves", "d", "moved");
        });
        await StartAsync();
        var ids = await IdsAsync(_pair.Server);
        var shown = await _pair.Server.DoAsync("conflicts", "show", ids["mode"]);
        var both = await _pair.Server.CtlAsync("conflicts", "resolve", ids["mode"], "--keep", "both");
        var diff = await _pair.Server.CtlAsync("conflicts", "diff", ids["mode"]);
        foreach (var (_, id) in ids)
        {
            await _pair.Server.DoAsync("conflicts", "resolve", id, "--keep", "theirs");
        }

        using (Assert.EnterMultipleScope())
        {
            Assert.That(shown, Does.Contain("not done  setattr").And.Contain("mode 400"));
            Assert.That((both.Code, both.Errors), Is.EqualTo((1, both.Errors)).And.Matches<(int, string)>(pair => pair.Item2.Contains("can't stand beside", StringComparison.Ordinal)));
            Assert.That((diff.Code, diff.Errors), Is.EqualTo((1, diff.Errors)).And.Matches<(int, string)>(pair => pair.Item2.Contains("keeps no version", StringComparison.Ordinal)));
            Assert.That(Octal(Path.Combine(_pair.ServerTree, "mode")), Is.EqualTo("400"));
            Assert.That(File.Exists(Path.Combine(_pair.ServerTree, "gone")), Is.False);
            Assert.That(await File.ReadAllTextAsync(Path.Combine(_pair.ServerTree, "d/moved")), Is.EqualTo("content"));
            Assert.That(await IdsAsync(_pair.Server), Is.Empty);
        }

        _pair.Script.Found("mode");
        _pair.Script.Found("d/moved");
        _pair.Script.List("");
        await _pair.SyncAsync();
        _pair.AssertEqual();
    }

    [Test]
    public async Task Choices_that_make_no_sense_change_nothing()
    {
        _pair.Script!.Create("binary", [1, 0, 2]);
        _pair.Script.Create("same", "same"u8);
        await KeepAsync(kept =>
        {
            kept.Copy("binary");
            kept.Copy("same");
        });
        _pair.Script.Write("binary", [1, 0, 2, 3]);
        await StartAsync();
        var ids = await IdsAsync(_pair.Server);
        var binary = await _pair.Server.CtlAsync("conflicts", "diff", ids["binary"]);
        var same = await _pair.Server.CtlAsync("conflicts", "diff", ids["same"]);
        var typo = await _pair.Server.CtlAsync("conflicts", "resolve", ids["binary"], "--keep", "our");
        var unknown = await _pair.Server.CtlAsync("conflicts", "show", "00000000");
        var malformed = await _pair.Server.CtlAsync("conflicts", "show", "../../x");
        var version = await _pair.Server.CtlAsync("conflicts", "resolve", ids["binary"], "--keep", "theirs", "--kept", "other");
        var usage = await _pair.Server.CtlAsync("conflicts", "resolve", ids["binary"]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That((binary.Code, binary.Output), Is.EqualTo((5, "binary has 4 bytes in the tree, 3 bytes in the kept version: they differ, and are no text.\n")));
            Assert.That((same.Code, same.Output), Is.EqualTo((0, "")));
            Assert.That((typo.Code, typo.Errors), Is.EqualTo((1, "intermezzo-ctl: --keep our: this is none of ours, theirs and both, and there is no such file\n")));
            Assert.That((unknown.Code, unknown.Errors), Is.EqualTo((1, "intermezzo-ctl: there is no conflict 00000000; `intermezzo-ctl conflicts list` shows those there are\n")));
            Assert.That(malformed.Code, Is.EqualTo(1));
            Assert.That((version.Code, version.Errors), Is.EqualTo((1, $"intermezzo-ctl: conflict {ids["binary"]} keeps no version of the name other; `intermezzo-ctl conflicts show {ids["binary"]}` lists them\n")));
            Assert.That(usage.Code, Is.EqualTo(2));
            Assert.That(await IdsAsync(_pair.Server), Is.EqualTo(ids));
        }
    }

    private async Task KeepAsync(Action<KeptVersions> fill)
    {
        using var kept = await KeptVersions.OpenAsync(_pair.Server, _pair.ServerTree);
        fill(kept);
    }

    private async Task StartAsync()
    {
        await _pair.JoinAsync();
        await _pair.StartAsync();
        await _pair.SyncAsync();
    }

    private static async Task<string> OnlyIdAsync(CliNode node) => (await IdsAsync(node)).Values.Single();

    /// <summary>By path.</summary>
    private static async Task<Dictionary<string, string>> IdsAsync(CliNode node) =>
        JsonDocument.Parse(await node.DoAsync("conflicts", "list", "--json")).RootElement.GetProperty("conflicts").EnumerateArray()
            .ToDictionary(conflict => conflict.GetProperty("path").GetString()!, conflict => conflict.GetProperty("id").GetString()!);

    private static string Octal(string path) => Convert.ToString((int)File.GetUnixFileMode(path), 8);
}
