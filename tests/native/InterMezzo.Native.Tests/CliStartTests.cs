// SPDX-License-Identifier: GPL-2.0-or-later
using System.Net;
using System.Net.Sockets;
using NUnit.Framework;

namespace InterMezzo.Native.Tests;

/// <summary>What the daemon needs to start: each thing that is missing or wrong ends it with one line that says what to do.</summary>
[Parallelizable(ParallelScope.Children)]
internal sealed class CliStartTests
{
    private const UnixFileMode Mode644 = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    [Test]
    public async Task Starts_when_all_is_right_and_ends_when_told()
    {
        await using var node = await InitAsync("qube");
        var daemon = await node.StartLentoAsync();
        var mode = File.GetUnixFileMode(node.Socket);
        await daemon.StopAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That((int)mode, Is.EqualTo(Convert.ToInt32("660", 8)), "mode of the socket");
            Assert.That(daemon.ExitCode, Is.Zero);
        }
    }

    [Test]
    public async Task No_key()
    {
        await using var node = new CliNode("qube");
        await RefusesAsync(node, $"{node.Key}: the key of this machine isn't there; make it by `intermezzo-ctl init`");
    }

    [Test]
    public async Task Garbage_for_a_key()
    {
        await using var node = await InitAsync("qube");
        await File.WriteAllTextAsync(node.Key, "no key at all\n");
        await RefusesAsync(node, $"{node.Key}: isn't a key");
    }

    [Test]
    public async Task Key_that_others_may_read()
    {
        await using var node = await InitAsync("qube");
        File.SetUnixFileMode(node.Key, Mode644);
        await RefusesAsync(node, $"{node.Key}: others than its owner may read it");
    }

    [Test]
    public async Task No_replica_id()
    {
        await using var node = await InitAsync("qube");
        File.Delete(Path.Combine(node.State, "replica-id"));
        await RefusesAsync(node, "replica-id: the replica id of this machine isn't there");
    }

    [Test]
    public async Task State_that_cannot_be_written()
    {
        await using var node = await InitAsync("qube");

        // Root may write anywhere but where a file system says no; a directory where the lock should be says it too.
        Directory.CreateDirectory(Path.Combine(node.State, "lock"));
        await RefusesAsync(node, $"{node.State}: can't be written");
    }

    [Test]
    public async Task Init_into_a_state_that_cannot_be_made()
    {
        await using var node = new CliNode("qube");
        await File.WriteAllTextAsync(node.State, "a file stands where the directory should be");
        var ended = await node.CtlAsync("init");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ended.Code, Is.EqualTo(1));
            Assert.That(ended.Errors, Does.Contain($"{node.State}: can't be written"));
        }
    }

    [Test]
    public async Task Missing_device()
    {
        await using var node = await InitAsync("qube");
        node.WriteConfiguration($"[[fileset]]\nname = \"home\"\nrole = \"server\"\nmount = \"{node.Home}\"\ndevice = \"/dev/intermezzo77\"\n");
        await RefusesAsync(node, "fileset \"home\": fileset.device = \"/dev/intermezzo77\": there is no such device; load the module");
    }

    [Test]
    public async Task Missing_mount()
    {
        await using var node = await InitAsync("qube");
        node.WriteConfiguration("[[fileset]]\nname = \"home\"\nrole = \"server\"\nkind = \"plain\"\nmount = \"/nonexistent/home\"\n");
        await RefusesAsync(node, "fileset \"home\": fileset.mount = \"/nonexistent/home\": there is no such directory");
    }

    [Test]
    public async Task Device_that_is_none()
    {
        await using var node = await InitAsync("qube");
        node.WriteConfiguration($"[[fileset]]\nname = \"home\"\nrole = \"server\"\nmount = \"{node.Home}\"\ndevice = \"/dev/null\"\n");
        await RefusesAsync(node, "prestodev=/dev/null BLOCKDEVICE");
    }

    [Test]
    public async Task Port_in_use()
    {
        await using var node = await InitAsync("qube");
        using var other = new TcpListener(IPAddress.Loopback, node.Port);
        other.Start();
        await RefusesAsync(node, $"node.listen = \"127.0.0.1:{node.Port}\": the port is in use");
    }

    [Test]
    public async Task Second_daemon()
    {
        await using var node = await InitAsync("qube");
        await node.StartLentoAsync();
        await RefusesAsync(node, "another lento works with this state directory");
        Assert.That((await node.CtlAsync("status")).Code, Is.Zero, "the first one isn't disturbed");
    }

    [Test]
    public async Task Socket_left_by_a_killed_daemon_is_no_obstacle()
    {
        await using var node = await InitAsync("qube");
        var first = await node.StartLentoAsync();
        await first.KillAsync();
        Assert.That(File.Exists(node.Socket), "the socket stays behind");
        await node.StartLentoAsync();
        Assert.That((await node.CtlAsync("status")).Code, Is.Zero);
    }

    [TestCase("--nonsense")]
    [TestCase("nonsense")]
    public async Task Wrong_usage(string argument)
    {
        var (lento, ctl) = (await Programs.RunAsync(Programs.Lento, argument), await Programs.RunAsync(Programs.Ctl, argument));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(lento.Code, Is.EqualTo(2), "lento");
            Assert.That(ctl.Code, Is.EqualTo(2), "intermezzo-ctl");
            Assert.That(lento.Errors, Does.Contain(argument));
            Assert.That(ctl.Errors, Does.Contain(argument));
        }
    }

    [Test]
    public async Task Help_and_version()
    {
        foreach (var program in new[] { Programs.Lento, Programs.Ctl })
        {
            var (help, version) = (await Programs.RunAsync(program, "--help"), await Programs.RunAsync(program, "--version"));
            using (Assert.EnterMultipleScope())
            {
                Assert.That(help.Code, Is.Zero);
                Assert.That(help.Output, Does.Contain("Exit code").And.Contain("intermezzo-ctl init"));
                Assert.That(help.Errors, Is.Empty);
                Assert.That(version.Code, Is.Zero);
                Assert.That(version.Output.Trim(), Does.Match(@"^\d+\.\d+\.\d+$"));
            }
        }
    }

    private static async Task<CliNode> InitAsync(string name)
    {
        var node = new CliNode(name);
        await node.DoAsync("init");
        return node;
    }

    private static async Task RefusesAsync(CliNode node, string message)
    {
        var ended = await node.RunLentoAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ended.Code, Is.EqualTo(1), ended.Errors);
            Assert.That(ended.Errors, Does.Contain($"lento: {message}").Or.Contain(message));
            Assert.That(ended.Errors, Does.Not.Contain("   at "), "a message, not a stack trace");
        }
    }
}
