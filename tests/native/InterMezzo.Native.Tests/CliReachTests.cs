// SPDX-License-Identifier: GPL-2.0-or-later
using System.Net;
using System.Net.Sockets;
using System.Text;
using NUnit.Framework;

namespace InterMezzo.Native.Tests;

/// <summary>A server that isn't there, or isn't one: the client says so, goes on with what it has, and exit code 3 tells programs.</summary>
[Parallelizable(ParallelScope.Children)]
internal sealed class CliReachTests
{
    private const string Pin = "00000000000000000000000000000000000000000000000000000000000000aa";

    [Test]
    public async Task Nobody_listens()
    {
        // On port 9 of this machine.
        await TellsAsync("127.0.0.1:9", "can't reach qube at 127.0.0.1:9: Connection refused");
    }

    [Test]
    public Task Name_that_nobody_has() => TellsAsync("qube.invalid:2411", "can't reach qube at qube.invalid:2411: ");

    [Test]
    public async Task Somebody_who_says_nothing()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var address = listener.LocalEndpoint.ToString()!;
        await TellsAsync(address, $"can't reach qube at {address}: somebody is there, but doesn't answer; is it lento?");
    }

    [Test]
    public async Task Somebody_who_is_not_lento()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var greeting = GreetAsync(listener);
        var address = listener.LocalEndpoint.ToString()!;
        await TellsAsync(address, $"can't reach qube at {address}: somebody else than lento seems to be there");
        listener.Stop();
        await greeting;
    }

    private static async Task TellsAsync(string address, string reason)
    {
        await using var node = new CliNode("t21");
        await node.DoAsync("init");
        await node.DoAsync("peer", "add", "qube", "--pin", Pin, "--address", address);
        await node.DoAsync("fileset", "join", "home", "--server", "qube", "--mount", node.MakeDirectory("tree"));
        var daemon = await node.StartLentoAsync();
        await daemon.SaysAsync($"home: not connected, tried again by itself: {reason}");
        var ended = await node.CtlAsync("sync", "--wait", "--timeout", "1");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ended.Code, Is.EqualTo(3));
            Assert.That(ended.Errors, Does.Contain($"home: qube isn't connected ({reason}"));
            Assert.That(await node.DoAsync("status"), Does.Contain("disconnected").And.Contain(reason));
        }
    }

    /// <summary>As a mail server does.</summary>
    private static async Task GreetAsync(TcpListener listener)
    {
        try
        {
            while (true)
            {
                using var caller = await listener.AcceptTcpClientAsync();
                await caller.GetStream().WriteAsync(Encoding.ASCII.GetBytes("220 qube.example.org ESMTP\r\n"));
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException or IOException)
        {
            // The test has seen enough.
        }
    }
}
