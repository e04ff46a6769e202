// SPDX-License-Identifier: GPL-2.0-or-later
using System.Text.Json;
using NUnit.Framework;

namespace InterMezzo.Native.Tests;

/// <summary>Two versions that the user's own programs put together: real ones, and scripts that do what programs do.</summary>
internal sealed class CliMergeTests
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
    public async Task Git_merges_and_the_content_goes_to_the_other_replica()
    {
        var id = await KeepAsync("""command = ["/usr/bin/git", "merge-file", "-p", "--union", "%ours", "%base", "%theirs"]""");
        var merged = await _pair.Server.DoAsync("conflicts", "resolve", id, "--merge");
        _pair.Script!.Found("notes.txt");
        await _pair.SyncAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(merged, Is.EqualTo($"notes.txt is what /usr/bin/git made of both versions. Conflict {id} is resolved."));
            Assert.That(await File.ReadAllTextAsync(Path.Combine(_pair.ClientTree, "notes.txt")), Is.EqualTo("one\nserver\nlaptop\n"));
            Assert.That(await _pair.Server.DoAsync("conflicts", "list"), Is.EqualTo("No conflicts."));
        }

        _pair.AssertEqual();
    }

    [Test]
    public async Task Diff3_merges()
    {
        var id = await KeepAsync("""command = ["/usr/bin/diff3", "-m", "-e", "%ours", "%ours", "%theirs"]""");
        await _pair.Server.DoAsync("conflicts", "resolve", id, "--merge");
        Assert.That(Tree("notes.txt"), Is.EqualTo("one\nlaptop\n"));
    }

    [Test]
    public async Task What_cannot_be_merged_stays_open()
    {
        (string Name, string Command, string Reason)[] cases =
        [
            ("conflict", """["/usr/bin/git", "merge-file", "-p", "%ours", "%base", "%theirs"]""", "/usr/bin/git ended with 1"),
            ("missing", """["/nowhere/merge", "%ours", "%theirs"]""", "/nowhere/merge can't be run: "),
            ("silent", """["/bin/true", "%ours", "%theirs"]""", "/bin/true printed nothing: it must print the merged content"),
            ("half", """["/bin/sh", "-c", "echo half; echo why not >&2; exit 3", "%ours", "%theirs"]""", "/bin/sh ended with 3: why not"),
            ("endless", """["/bin/sh", "-c", "cat /dev/zero", "%ours", "%theirs"]""", "/bin/sh prints more than twice what it was given"),
        ];
        foreach (var (name, _, _) in cases)
        {
            _pair.Script!.Create(name, "one\nlaptop\n"u8);
        }

        await KeepAsync(
            string.Concat(cases.Select(it => $"[[merge]]\npattern = \"{it.Name}\"\ncommand = {it.Command}\n")),
            kept => Array.ForEach(cases, it => kept.Copy(it.Name)),
            () => Array.ForEach(cases, it => _pair.Script!.Write(it.Name, "one\nserver\n"u8)));
        var ids = await IdsByPathAsync();
        foreach (var (name, _, reason) in cases)
        {
            var ended = await _pair.Server.CtlAsync("conflicts", "resolve", ids[name], "--merge");
            using (Assert.EnterMultipleScope())
            {
                Assert.That(ended.Code, Is.EqualTo(1));
                Assert.That(ended.Errors, Does.StartWith($"intermezzo-ctl: conflict {ids[name]}, {name}, stays open: ").And.Contain(reason));
                Assert.That(Tree(name), Is.EqualTo("one\nserver\n"));
            }
        }

        Assert.That(await IdsByPathAsync(), Is.EqualTo(ids));
    }

    [Test]
    public async Task Program_that_does_not_end_is_ended_with_all_that_it_started()
    {
        var note = Path.Combine(_pair.Server.Home, "pid");
        var id = await KeepAsync($$"""
            timeout = 1
            command = ["/bin/sh", "-c", "sleep 1000 & echo $! >{{note}}; wait", "%ours", "%theirs"]
            """);
        var ended = await _pair.Server.CtlAsync("conflicts", "resolve", id, "--merge");
        Assert.That((ended.Code, ended.Errors), Is.EqualTo((1, $"intermezzo-ctl: conflict {id}, notes.txt, stays open: /bin/sh took longer than 1 s (merge.timeout), and was ended\n")));
        var status = $"/proc/{(await File.ReadAllTextAsync(note)).Trim()}/status";
        Assert.That(!File.Exists(status) || (await File.ReadAllTextAsync(status)).Contains("State:\tZ", StringComparison.Ordinal), "it is gone, or nobody has waited for it yet");
    }

    [Test]
    public async Task Versions_are_files_of_that_ending_and_may_be_written_to()
    {
        var note = Path.Combine(_pair.Server.Home, "arguments");
        var id = await KeepAsync($$"""
            command = ["/bin/sh", "-c", "echo $1 $2 $3 $(wc -c <$2) >{{note}}; cat $3 >>$1; cat $1", "x", "--a=%ours", "%base", "%theirs"]
            """.Replace("$1", "${1#--a=}", StringComparison.Ordinal));
        await _pair.Server.DoAsync("conflicts", "resolve", id, "--merge");
        var arguments = (await File.ReadAllTextAsync(note)).Trim().Split(' ');
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Tree("notes.txt"), Is.EqualTo("one\nserver\none\nlaptop\n"));
            Assert.That(arguments[..3].Select(Path.GetFileName), Is.EqualTo(new[] { "ours.txt", "base.txt", "theirs.txt" }));
            Assert.That(arguments[3], Is.EqualTo("0"), "nobody keeps what both come from");
            Assert.That(Directory.Exists(Path.GetDirectoryName(arguments[0])), Is.False);
        }
    }

    [Test]
    public async Task What_is_written_meanwhile_stays()
    {
        var id = await KeepAsync($$"""command = ["/bin/sh", "-c", "echo more >>{{_pair.ServerTree}}/notes.txt; cat $0 $1", "%ours", "%theirs"]""");
        var ended = await _pair.Server.CtlAsync("conflicts", "resolve", id, "--merge");
        Assert.That((ended.Code, ended.Errors), Is.EqualTo((1, $"intermezzo-ctl: conflict {id}, notes.txt, stays open: it was changed in the tree while it was merged: try again\n")));
        Assert.That(Tree("notes.txt"), Is.EqualTo("one\nserver\nmore\n"));
    }

    [Test]
    public async Task All_are_merged_for_which_there_is_a_command()
    {
        foreach (var name in (ReadOnlySpan<string>)["a.org", "b.org", "c.txt", "d.org"])
        {
            _pair.Script!.Create(name, "laptop"u8);
        }

        await KeepAsync(
            """
            [[merge]]
            pattern = "b.*"
            command = ["/bin/false", "%ours", "%theirs"]
            [[merge]]
            pattern = "*.org"
            fileset = "home"
            command = ["/bin/cat", "%theirs", "%ours"]
            """,
            kept =>
            {
                kept.Copy("a.org");
                kept.Copy("b.org");
                kept.Copy("c.txt");
                kept.RefuseMode("d.org", 0x100);
            });
        var unknown = await _pair.Server.CtlAsync("conflicts", "resolve", (await IdsByPathAsync())["c.txt"], "--merge");
        var ended = await _pair.Server.CtlAsync("conflicts", "resolve", "--merge", "--json");
        var json = JsonDocument.Parse(ended.Output).RootElement;
        var left = await IdsByPathAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That((unknown.Code, unknown.Errors), Is.EqualTo((1, unknown.Errors)).And.Matches<(int, string)>(it => it.Item2.Contains("no merge command is configured for it", StringComparison.Ordinal)));
            Assert.That(ended.Code, Is.EqualTo(1));
            Assert.That(json.GetProperty("merged").EnumerateArray().Select(it => it.GetProperty("path").GetString()), Is.EqualTo(new[] { "a.org" }));
            Assert.That(json.GetProperty("open").EnumerateArray().Select(it => (it.GetProperty("path").GetString(), it.GetProperty("reason").GetString())), Is.EqualTo(new[] { ("b.org", "/bin/false ended with 1") }));
            Assert.That(Tree("a.org"), Is.EqualTo("laptoplaptop"));
            Assert.That(left.Keys, Is.EquivalentTo(new[] { "b.org", "c.txt", "d.org" }));
        }

        foreach (var id in left.Values)
        {
            await _pair.Server.DoAsync("conflicts", "resolve", id, "--keep", "ours");
        }

        Assert.That(await _pair.Server.DoAsync("conflicts", "resolve", "--merge"), Is.EqualTo("No conflict for which a merge command is configured."));
    }

    [TestCase("resolve", "5c0ffee1", "--keep", "ours", "--merge")]
    [TestCase("resolve", "5c0ffee1")]
    [TestCase("resolve", "--keep", "ours")]
    [TestCase("resolve", "--merge", "--kept", "x")]
    public async Task Wrong_usage_is_told(params string[] arguments) =>
        Assert.That((await _pair.Server.CtlAsync(["conflicts", .. arguments])).Code, Is.EqualTo(2));

    private string Tree(string name) => File.ReadAllText(Path.Combine(_pair.ServerTree, name));

    /// <summary>One conflict about notes.txt; returns its ID.</summary>
    private async Task<string> KeepAsync(string merge)
    {
        _pair.Script!.Create("notes.txt", "one\nlaptop\n"u8);
        await KeepAsync($"[[merge]]\npattern = \"*.txt\"\n{merge}\n", kept => kept.Copy("notes.txt"), () => _pair.Script.Write("notes.txt", "one\nserver\n"u8));
        return (await IdsAsync()).Single();
    }

    private async Task KeepAsync(string configuration, Action<KeptVersions> fill, Action? then = null)
    {
        using (var kept = await KeptVersions.OpenAsync(_pair.Server, _pair.ServerTree))
        {
            fill(kept);
        }

        then?.Invoke();
        _pair.Server.WriteConfiguration(configuration);
        await _pair.JoinAsync();
        await _pair.StartAsync();
        await _pair.SyncAsync();
    }

    private async Task<IEnumerable<string>> IdsAsync() => (await IdsByPathAsync()).Values;

    private async Task<Dictionary<string, string>> IdsByPathAsync() =>
        JsonDocument.Parse(await _pair.Server.DoAsync("conflicts", "list", "--json")).RootElement.GetProperty("conflicts").EnumerateArray()
            .ToDictionary(conflict => conflict.GetProperty("path").GetString()!, conflict => conflict.GetProperty("id").GetString()!);
}
