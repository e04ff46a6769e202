// SPDX-License-Identifier: GPL-2.0-or-later
using System.Text.Json;
using NUnit.Framework;

namespace InterMezzo.Native.Tests;

/// <summary>intermezzo-ctl: what it writes, what it says, and what it ends with.</summary>
[Parallelizable(ParallelScope.Children)]
internal sealed class CliTests
{
    private const string Pin = "00000000000000000000000000000000000000000000000000000000000000aa";

    [Test]
    public async Task Init_makes_a_key_once()
    {
        await using var node = new CliNode("t21");
        var first = JsonDocument.Parse(await node.DoAsync("init", "--json")).RootElement;
        var second = JsonDocument.Parse(await node.DoAsync("init", "--json")).RootElement;
        var pin = await node.DoAsync("init", "--show-pin");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(first.GetProperty("made").GetBoolean(), Is.True);
            Assert.That(second.GetProperty("made").GetBoolean(), Is.False);
            Assert.That(pin, Does.Match("^[0-9a-f]{64}$").And.EqualTo(first.GetProperty("pin").GetString()));
            Assert.That(second.GetProperty("replica").GetString(), Is.EqualTo(first.GetProperty("replica").GetString()).And.Not.EqualTo("0000000000000000"));
            Assert.That((int)File.GetUnixFileMode(node.Key), Is.EqualTo(Convert.ToInt32("600", 8)));
        }
    }

    [Test]
    public async Task Init_writes_a_configuration_where_there_is_none()
    {
        await using var node = new CliNode("t21");
        File.Delete(node.Configuration);

        // The state directory isn't said on the command line: the first init can only write the configuration's own.
        var text = await node.CtlAsync("init", "--name", "t 21");
        Assert.That((text.Code, File.Exists(node.Configuration)), Is.EqualTo((1, false)), "a wrong name changes nothing");
    }

    [Test]
    public async Task Peers_are_added_changed_and_listed()
    {
        await using var node = await InitAsync("t21");
        await node.DoAsync("peer", "add", "qube", "--pin", Pin);
        await node.DoAsync("peer", "add", "qube", "--pin", Pin, "--address", "qube:2411");
        var peers = JsonDocument.Parse(await node.DoAsync("peer", "list", "--json")).RootElement.GetProperty("peers");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(peers.GetArrayLength(), Is.EqualTo(1));
            Assert.That(peers[0].GetProperty("address").GetString(), Is.EqualTo("qube:2411"));
        }
    }

    [TestCase("qube", "xyz", null, "peer.pin: \"xyz\" must be 64 lower-case hex digits")]
    [TestCase("a/b", Pin, null, "the name \"a/b\" must be")]
    [TestCase("qube", Pin, "qube:99999", "peer.address: \"qube:99999\" must be host:port")]
    public async Task Wrong_peer_changes_nothing(string name, string pin, string? address, string message)
    {
        await using var node = await InitAsync("t21");
        var ended = await node.CtlAsync(["peer", "add", name, "--pin", pin, .. address is null ? [] : new[] { "--address", address }]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ended.Code, Is.EqualTo(1));
            Assert.That(ended.Errors, Does.Contain(message));
            Assert.That(await node.DoAsync("peer", "list", "--json"), Is.EqualTo("{\"peers\":[]}"));
        }
    }

    [Test]
    public async Task Filesets_come_and_go()
    {
        await using var node = await InitAsync("qube");
        await node.DoAsync("peer", "add", "t21", "--pin", Pin);
        var tree = node.MakeDirectory("tree");
        await node.DoAsync("fileset", "create", "home", "--mount", tree);
        await node.DoAsync("fileset", "allow", "home", "--client", "t21");
        var fileset = JsonDocument.Parse(await node.DoAsync("fileset", "list", "--json")).RootElement.GetProperty("filesets")[0];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(fileset.GetProperty("name").GetString(), Is.EqualTo("home"));
            Assert.That(fileset.GetProperty("kind").GetString(), Is.EqualTo("plain"));
            Assert.That(fileset.GetProperty("clients")[0].GetString(), Is.EqualTo("t21"));
        }

        await node.DoAsync("fileset", "leave", "home");
        Assert.That(await node.DoAsync("fileset", "list", "--json"), Is.EqualTo("{\"filesets\":[]}"));
    }

    [Test]
    public async Task Peer_that_takes_part_is_not_removed()
    {
        await using var node = await InitAsync("qube");
        await node.DoAsync("peer", "add", "t21", "--pin", Pin);
        await node.DoAsync("fileset", "create", "home", "--mount", node.MakeDirectory("tree"), "--readonly-client", "t21");
        var refused = await node.CtlAsync("peer", "remove", "t21");
        var known = await node.DoAsync("peer", "list", "--json");
        await node.DoAsync("fileset", "deny", "home", "--client", "t21");
        await node.DoAsync("peer", "remove", "t21");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(refused.Code, Is.EqualTo(1));
            Assert.That(refused.Errors, Does.Contain("peer \"t21\" takes part in fileset \"home\"").And.Contain("intermezzo-ctl fileset deny home --client t21"));
            Assert.That(known, Does.Contain("t21"), "a refusal changes nothing");
            Assert.That(await node.DoAsync("peer", "list", "--json"), Is.EqualTo("{\"peers\":[]}"));
        }
    }

    [Test]
    public async Task Server_of_a_fileset_is_not_removed()
    {
        await using var node = await InitAsync("t21");
        await node.DoAsync("peer", "add", "qube", "--pin", Pin, "--address", "127.0.0.1:9");
        await node.DoAsync("fileset", "join", "home", "--server", "qube", "--mount", node.MakeDirectory("tree"));
        var refused = await node.CtlAsync("peer", "remove", "qube");
        await node.DoAsync("fileset", "leave", "home");
        await node.DoAsync("peer", "remove", "qube");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(refused.Code, Is.EqualTo(1));
            Assert.That(refused.Errors, Does.Contain("peer \"qube\" takes part in fileset \"home\": it is its server").And.Contain("intermezzo-ctl fileset leave home"));
            Assert.That(await node.DoAsync("peer", "list", "--json"), Is.EqualTo("{\"peers\":[]}"));
        }
    }

    [TestCase("peer", "remove", "x40", "there is no peer \"x40\"; `intermezzo-ctl peer list` shows those there are")]
    [TestCase("peer", "remove", "byhand", "peer \"byhand\" isn't defined in")]
    [TestCase("fileset", "leave", "work", "there is no fileset \"work\"; `intermezzo-ctl fileset list` shows those there are")]
    public async Task What_was_not_added_is_not_removed(string noun, string verb, string name, string message)
    {
        await using var node = await InitAsync("qube");
        node.WriteConfiguration($"[[peer]]\nname = \"byhand\"\npin = \"{Pin}\"\n");
        var ended = await node.CtlAsync(noun, verb, name);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ended.Code, Is.EqualTo(1));
            Assert.That(ended.Errors, Does.Contain(message));
        }
    }

    [Test]
    public async Task Only_clients_are_denied()
    {
        await using var node = await InitAsync("qube");
        await node.DoAsync("peer", "add", "t21", "--pin", Pin);
        await node.DoAsync("fileset", "create", "home", "--mount", node.MakeDirectory("tree"));
        var ended = await node.CtlAsync("fileset", "deny", "home", "--client", "t21");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ended.Code, Is.EqualTo(1));
            Assert.That(ended.Errors, Does.Contain("peer \"t21\" is no client of fileset \"home\""));
        }
    }

    [TestCase("remove", "peer")]
    [TestCase("deny", "fileset")]
    public async Task Help_of_a_verb_teaches_it(string verb, string noun)
    {
        var ended = await Programs.RunAsync(Programs.Ctl, noun, verb, "--help");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ended.Code, Is.Zero);
            Assert.That(ended.Output, Does.Contain($"  intermezzo-ctl {noun} {verb} "), "an example");
        }
    }

    [Test]
    public async Task Fileset_of_an_unknown_server_changes_nothing()
    {
        await using var node = await InitAsync("t21");
        var ended = await node.CtlAsync("fileset", "join", "home", "--server", "qube", "--mount", node.Home);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ended.Code, Is.EqualTo(1));
            Assert.That(ended.Errors, Does.Contain("there is no peer \"qube\"; add it with `intermezzo-ctl peer add qube --pin PIN`"));
            Assert.That(Directory.GetFiles(node.Home, "*.toml", SearchOption.AllDirectories), Is.EquivalentTo(new[] { node.Configuration }));
        }
    }

    [Test]
    public async Task Running_daemon_takes_changes_up()
    {
        await using var node = await InitAsync("qube");
        await node.StartLentoAsync();
        var created = await node.DoAsync("fileset", "create", "home", "--mount", node.MakeDirectory("tree"));
        var started = await StatusAsync(node);
        var left = await node.DoAsync("fileset", "leave", "home");
        var ended = await StatusAsync(node);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(created, Does.Contain("lento: fileset \"home\" started"));
            Assert.That(started.GetProperty("filesets")[0].GetProperty("state").GetString(), Is.EqualTo("serving"));
            Assert.That(left, Does.Contain("lento: fileset \"home\" left"));
            Assert.That(ended.GetProperty("filesets").GetArrayLength(), Is.Zero);
        }
    }

    [Test]
    public async Task What_a_running_daemon_cannot_take_up_is_told()
    {
        await using var node = await InitAsync("qube");
        await node.StartLentoAsync();
        var ended = await node.CtlAsync("fileset", "create", "home", "--mount", node.Home, "--device", "/dev/intermezzo77");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ended.Code, Is.EqualTo(1));
            Assert.That(ended.Errors, Does.Contain("lento doesn't take it up: fileset \"home\": fileset.device"));
        }
    }

    [TestCase("status")]
    [TestCase("sync")]
    [TestCase("sync", "--wait", "--timeout", "5")]
    [TestCase("verify", "home")]
    [TestCase("conflicts", "list")]
    [TestCase("conflicts", "show", "5c0ffee1")]
    [TestCase("conflicts", "diff", "5c0ffee1")]
    [TestCase("conflicts", "resolve", "5c0ffee1", "--keep", "ours")]
    public async Task Without_a_daemon(params string[] arguments)
    {
        await using var node = await InitAsync("qube");
        var ended = await node.CtlAsync(arguments);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ended.Code, Is.EqualTo(4));
            Assert.That(ended.Errors, Does.Contain("lento isn't running").And.Contain("systemctl start lento"));
        }
    }

    [Test]
    public async Task Journal_of_a_plain_directory_is_refused()
    {
        await using var node = await InitAsync("qube");
        await node.DoAsync("fileset", "create", "home", "--mount", node.MakeDirectory("tree"));
        await node.StartLentoAsync();
        var ended = await node.CtlAsync("journal", "show");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ended.Code, Is.EqualTo(1));
            Assert.That(ended.Errors, Does.Contain("is a plain directory: it keeps no journal"));
        }
    }

    [Test]
    public async Task Verify_of_a_plain_directory_is_refused()
    {
        await using var node = await InitAsync("qube");
        await node.DoAsync("fileset", "create", "home", "--mount", node.MakeDirectory("tree"));
        await node.StartLentoAsync();
        var ended = await node.CtlAsync("verify", "home");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ended.Code, Is.EqualTo(1));
            Assert.That(ended.Errors, Does.Contain("has no journal of its own"));
        }
    }

    [Test]
    public async Task File_that_is_no_journal_is_refused()
    {
        await using var node = await InitAsync("qube");
        var ended = await node.CtlAsync("journal", "show", "--file", node.Configuration);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ended.Code, Is.EqualTo(1));
            Assert.That(ended.Errors, Does.Contain($"{node.Configuration}: This is no InterMezzo journal"));
        }
    }

    [TestCase("bash", "complete -o default -F _intermezzo_ctl intermezzo-ctl")]
    [TestCase("zsh", "#compdef intermezzo-ctl")]
    [TestCase("fish", "complete -c intermezzo-ctl")]
    public async Task Completion_scripts(string shell, string text) =>
        Assert.That((await Programs.RunAsync(Programs.Ctl, "completion", shell)).Output, Does.Contain(text));

    [Test]
    public async Task Completion_knows_the_verbs()
    {
        var ended = await Programs.RunAsync(Programs.Ctl, "[suggest:17]", "intermezzo-ctl fi");
        Assert.That(ended.Output.Split('\n'), Does.Contain("fileset"));
    }

    private static async Task<CliNode> InitAsync(string name)
    {
        var node = new CliNode(name);
        await node.DoAsync("init");
        return node;
    }

    private static async Task<JsonElement> StatusAsync(CliNode node) => JsonDocument.Parse(await node.DoAsync("status", "--json")).RootElement;
}
