// SPDX-License-Identifier: GPL-2.0-or-later
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using NUnit.Framework;

namespace InterMezzo.Native.Tests;

/// <summary>Who is let in: two daemons over loopback, with the right keys, the wrong ones, and none.</summary>
[Parallelizable(ParallelScope.Children)]
internal sealed class CliTrustTests
{
    private const string OtherPin = "00000000000000000000000000000000000000000000000000000000000000aa";

    [Test]
    public async Task Pinned_peers_come_together()
    {
        await using var pair = await StartAsync();
        await pair.SyncAsync();
        pair.AssertEqual();
    }

    [Test]
    public async Task Server_with_another_key_is_refused()
    {
        await using var pair = await StartAsync(serverPin: OtherPin);
        await pair.ClientDaemon!.SaysAsync("home: not connected, tried again by itself: ");
        var ended = await pair.Client.CtlAsync("sync", "--wait", "--timeout", "1");
        var reason = $"peer qube at 127.0.0.1:{pair.Server.Port} has the key {pair.ServerPin}, not {OtherPin}: either somebody else answers there, or peer.pin is wrong";
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ended.Code, Is.EqualTo(3));
            Assert.That(ended.Errors, Does.Contain($"home: qube isn't connected ({reason}").And.Contain("intermezzo-ctl peer add qube --pin PIN"));
            Assert.That((await pair.StatusAsync()).GetProperty("reason").GetString(), Does.Contain(reason));
            Assert.That(pair.ClientDaemon!.Lines.Count(line => line.Contains(reason, StringComparison.Ordinal)), Is.EqualTo(1), "told once, not at each attempt");
            Assert.That(Directory.GetFiles(pair.ClientTree), Is.Empty);
        }
    }

    [Test]
    public async Task Client_with_an_unknown_key_is_refused()
    {
        await using var pair = await StartAsync(clientPin: OtherPin);
        await pair.ClientDaemon!.SaysAsync("home: not connected, tried again by itself: ");
        var ended = await pair.Client.CtlAsync("sync", "--wait", "--timeout", "1");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ended.Code, Is.EqualTo(3));
            Assert.That(ended.Errors, Does.Contain("perhaps it doesn't know the key of this machine: there, `intermezzo-ctl peer add` lets it in"));
            Assert.That(pair.ServerDaemon!.Log, Does.Contain($"came with the unknown key {pair.ClientPin}; `intermezzo-ctl peer add NAME --pin {pair.ClientPin}` lets it in"));
            Assert.That(Directory.GetFiles(pair.ClientTree), Is.Empty);
        }
    }

    [Test]
    public async Task Client_that_takes_no_part_is_told_how_to()
    {
        await using var pair = await StartAsync();
        await pair.SyncAsync();
        await pair.Server.DoAsync("fileset", "deny", "home", "--client", "t21");
        await pair.ClientDaemon!.StopAsync();
        pair.ClientDaemon = await pair.Client.StartLentoAsync();
        await pair.ClientDaemon!.SaysAsync("home: not connected, tried again by itself: ");
        var ended = await pair.Client.CtlAsync("sync", "--wait", "--timeout", "1");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ended.Code, Is.EqualTo(3));
            Assert.That(ended.Errors, Does.Contain("the server serves no fileset \"home\" to t21; there, `intermezzo-ctl fileset allow home --client t21` does"));
            Assert.That(File.Exists(Path.Combine(pair.ClientTree, "note")), "what it has stays");
        }
    }

    [Test]
    public async Task Caller_without_a_key_is_refused([Values(SslProtocols.Tls12, SslProtocols.Tls13)] SslProtocols protocol)
    {
        await using var pair = await StartAsync();
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, pair.Server.Port);
        await using var tls = new SslStream(client.GetStream());
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = "qube",
            EnabledSslProtocols = protocol,
            ApplicationProtocols = [SslApplicationProtocol.Http2],
            RemoteCertificateValidationCallback = (_, _, _, _) => true,
        };

        // TLS 1.2 fails in the handshake; in 1.3 the client has finished it before the server looks at the key.
        Assert.That(
            async () =>
            {
                await tls.AuthenticateAsClientAsync(options);
                while (await tls.ReadAsync(new byte[4096]) > 0)
                {
                }

                throw new IOException("the server hung up");
            },
            Throws.InstanceOf<IOException>().Or.InstanceOf<AuthenticationException>());
    }

    [Test]
    public async Task Garbage_on_the_port_harms_nobody()
    {
        await using var pair = await StartAsync();
        var random = new Random(20011);
        for (var i = 0; i < 20; i++)
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, pair.Server.Port);
            var stream = client.GetStream();
            var garbage = new byte[random.Next(1, 64 << 10)];
            random.NextBytes(garbage);
            try
            {
                await stream.WriteAsync(garbage);
                client.Client.Shutdown(SocketShutdown.Send);
                while (await stream.ReadAsync(garbage) > 0)
                {
                }
            }
            catch (Exception exception) when (exception is IOException or SocketException)
            {
                // Being hung up on is what garbage gets.
            }
        }

        Assert.That((await pair.Server.CtlAsync("status")).Code, Is.Zero);
    }

    private static async Task<CliPair> StartAsync(string? serverPin = null, string? clientPin = null)
    {
        var pair = await CliPair.CreateAsync(serverPin, clientPin);
        await pair.ServePlainAsync();
        await File.WriteAllTextAsync(Path.Combine(pair.ServerTree, "note"), "not for everybody");
        await pair.JoinAsync();
        await pair.StartAsync();
        return pair;
    }
}
