// SPDX-License-Identifier: GPL-2.0-or-later
using NUnit.Framework;

namespace InterMezzo.Native.Tests;

/// <summary>Each mistake in the configuration ends the daemon with one line: file, line, key, what to do.</summary>
[Parallelizable(ParallelScope.Children)]
internal sealed class ConfigRefusalTests
{
    private const string Pin = "00000000000000000000000000000000000000000000000000000000000000aa";
    private const string Qube = $"[[peer]]\nname = \"qube\"\npin = \"{Pin}\"\naddress = \"qube:2411\"\n";

    private static readonly TestCaseData[] s_mistakes =
    [
        Mistake("Not_toml", "[[peer]\n", "isn't TOML"),
        Mistake("Key_outside_of_sections", null, "stands outside of a section"),
        Mistake("Unknown_section", "[[peers]]\nname = \"qube\"", "[peers]: unknown section"),
        Mistake("Unknown_key", "[[peer]]\nname = \"qube\"\npni = \"x\"", "peer.pni: unknown key"),
        Mistake("Wrong_type", "[[peer]]\nname = 7", "peer.name: must be a text in quotes"),
        Mistake("Wrong_flag", "[[fileset]]\nname=\"a\"\nrole=\"server\"\nkind=\"plain\"\nmount=\"/a\"\ndevices=\"yes\"", "fileset.devices: must be true or false"),
        Mistake("Missing_pin", "[[peer]]\nname = \"qube\"", "peer.pin is missing"),
        Mistake("Wrong_pin", "[[peer]]\nname = \"qube\"\npin = \"12\"", "peer.pin: \"12\" must be 64 lower-case hex digits"),
        Mistake("Wrong_address", $"[[peer]]\nname = \"qube\"\npin = \"{Pin}\"\naddress = \"qube\"", "peer.address: \"qube\" must be host:port"),
        Mistake("Wrong_name", $"[[peer]]\nname = \"a/b\"\npin = \"{Pin}\"", "peer.name: \"a/b\" must be"),
        Mistake("Two_peers_of_one_name", Qube + Qube, "is defined in"),
        Mistake("Two_peers_of_one_key", Qube + Qube.Replace("\"qube\"", "\"x40\"", StringComparison.Ordinal), "have the same pin"),
        Mistake("Unknown_role", "[[fileset]]\nname=\"a\"\nrole=\"master\"\nmount=\"/a\"", "fileset.role: must be \"server\" or \"client\""),
        Mistake("Unknown_kind", "[[fileset]]\nname=\"a\"\nrole=\"server\"\nkind=\"zfs\"\nmount=\"/a\"", "fileset.kind: must be"),
        Mistake("Relative_mount", "[[fileset]]\nname=\"a\"\nrole=\"server\"\nmount=\"a\"\nkind=\"plain\"", "fileset.mount: \"a\" must be an absolute path"),
        Mistake("No_device", "[[fileset]]\nname=\"a\"\nrole=\"server\"\nmount=\"/a\"", "fileset.device is missing"),
        Mistake("Device_of_a_plain_one", "[[fileset]]\nname=\"a\"\nrole=\"server\"\nkind=\"plain\"\nmount=\"/a\"\ndevice=\"/dev/intermezzo0\"", "fileset.device: a fileset of kind \"plain\" has none"),
        Mistake("Client_without_server", "[[fileset]]\nname=\"a\"\nrole=\"client\"\nkind=\"plain\"\nmount=\"/a\"", "fileset.server is missing"),
        Mistake("Client_of_a_stranger", "[[fileset]]\nname=\"a\"\nrole=\"client\"\nkind=\"plain\"\nmount=\"/a\"\nserver=\"x\"", "fileset.server: there is no peer \"x\"; add it with"),
        Mistake("Server_without_address", $"[[peer]]\nname=\"x\"\npin=\"{Pin}\"\n[[fileset]]\nname=\"a\"\nrole=\"client\"\nkind=\"plain\"\nmount=\"/a\"\nserver=\"x\"", "has no address to connect to"),
        Mistake("Strange_client", "[[fileset]]\nname=\"a\"\nrole=\"server\"\nkind=\"plain\"\nmount=\"/a\"\nclients=[\"x\"]", "fileset.clients: there is no peer \"x\""),
        Mistake("Clients_of_a_client", Qube + "[[fileset]]\nname=\"a\"\nrole=\"client\"\nkind=\"plain\"\nmount=\"/a\"\nserver=\"qube\"\nclients=[\"qube\"]", "fileset.clients: a client without a journal can't serve others"),
        Mistake("Server_as_a_client", Qube + "[[fileset]]\nname=\"a\"\nrole=\"client\"\ndevice=\"/dev/intermezzo0\"\nmount=\"/a\"\nserver=\"qube\"\nclients=[\"qube\"]", "fileset.server: \"qube\" can't be a client, too"),
        Mistake("Offline_for_others", Qube + Qube.Replace("qube", "x40", StringComparison.Ordinal).Replace("aa\"", "ab\"", StringComparison.Ordinal) + "[[fileset]]\nname=\"a\"\nrole=\"client\"\ndevice=\"/dev/intermezzo0\"\nmount=\"/a\"\nserver=\"qube\"\nclients=[\"x40\"]\noffline=\"readonly\"", "fileset.offline: this client serves others"),
        Mistake("Relay_that_is_no_client", Qube + "[[fileset]]\nname=\"a\"\nrole=\"server\"\nkind=\"plain\"\nmount=\"/a\"\nrelays=[\"qube\"]", "fileset.relays: \"qube\" isn't in fileset.clients"),
        Mistake("Mount_used_twice", "[[fileset]]\nname=\"a\"\nrole=\"server\"\nkind=\"plain\"\nmount=\"/a\"\n[[fileset]]\nname=\"b\"\nrole=\"server\"\nkind=\"plain\"\nmount=\"/a\"", "belongs to fileset \"a\" already"),
        Mistake("Merge_without_a_pattern", "[[merge]]\ncommand=[\"/bin/m\", \"%ours\", \"%theirs\"]", "merge.pattern is missing: which files"),
        Mistake("Merge_without_a_command", "[[merge]]\npattern=\"*\"", "merge.command is missing: a program and its arguments"),
        Mistake("Merge_by_a_program_somewhere", "[[merge]]\npattern=\"*\"\ncommand=[\"git\", \"%ours\", \"%theirs\"]", "merge.command: \"git\" must be the program's absolute path"),
        Mistake("Merge_of_one_version", "[[merge]]\npattern=\"*\"\ncommand=[\"/bin/m\", \"%ours\"]", "merge.command: no argument has %theirs"),
        Mistake("Merge_that_takes_for_ever", "[[merge]]\npattern=\"*\"\ntimeout=0\ncommand=[\"/bin/m\", \"%ours\", \"%theirs\"]", "merge.timeout: must be 1 to 3600"),
        Mistake("Merge_in_no_fileset", "[[merge]]\npattern=\"*\"\nfileset=\"x\"\ncommand=[\"/bin/m\", \"%ours\", \"%theirs\"]", "merge.fileset: there is no fileset \"x\""),
    ];

    [TestCaseSource(nameof(s_mistakes))]
    public async Task Mistake_is_told(string? more, string message)
    {
        await using var node = new CliNode("t21");
        if (more is null)
        {
            await File.WriteAllTextAsync(node.Configuration, "name = \"t21\"\n");
        }
        else
        {
            node.WriteConfiguration(more);
        }

        var ended = await node.RunLentoAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ended.Code, Is.EqualTo(1));
            Assert.That(ended.Errors, Does.StartWith("lento: ").And.Contain(message));
            Assert.That(ended.Errors.TrimEnd().Split('\n'), Has.Length.EqualTo(1), "one message is enough");
        }
    }

    [TestCase("listen", "localhost", "node.listen: \"localhost\" must be address:port")]
    [TestCase("state", "state", "node.state: \"state\" must be an absolute path")]
    [TestCase("name", "", "node.name: the value is empty")]
    public async Task Mistake_about_the_node_is_told(string key, string value, string message)
    {
        await using var node = new CliNode("t21");
        await File.WriteAllTextAsync(node.Configuration, $"[node]\n{key} = \"{value}\"\n");
        var ended = await node.RunLentoAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ended.Code, Is.EqualTo(1));
            Assert.That(ended.Errors, Does.Contain($"{node.Configuration}:2: {message}"));
        }
    }

    [Test]
    public async Task Missing_configuration_is_told()
    {
        await using var node = new CliNode("t21");
        File.Delete(node.Configuration);
        var ended = await node.RunLentoAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ended.Code, Is.EqualTo(1));
            Assert.That(ended.Errors, Does.Contain($"{node.Configuration}: there is no such file; `intermezzo-ctl init` makes it"));
        }
    }

    [Test]
    public async Task Wrong_drop_in_is_told_by_its_own_name()
    {
        await using var node = new CliNode("t21");
        var dropIn = Path.Combine(node.MakeDirectory("filesets.d"), "home.toml");
        await File.WriteAllTextAsync(dropIn, "[[fileset]]\nname = \"home\"\nrole = \"boss\"\n");
        var ended = await node.RunLentoAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ended.Code, Is.EqualTo(1));
            Assert.That(ended.Errors, Does.Contain($"{dropIn}:3: fileset.role: must be"));
        }
    }

    private static TestCaseData Mistake(string name, string? more, string message) => new TestCaseData(more, message).SetArgDisplayNames(name);
}
