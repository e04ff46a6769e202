// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics;
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
        await using var pair = await Pair.CreateAsync();
        await File.WriteAllTextAsync(Path.Combine(pair.Server.Home, "tree", "note"), "from the server");
        await pair.StartAsync();
        var note = new FileInfo(Path.Combine(pair.Client.Home, "tree", "note"));
        using var watcher = new FileSystemWatcher(note.DirectoryName!) { EnableRaisingEvents = true };
        using var come = new SemaphoreSlim(0);
        watcher.Created += (_, _) => come.Release();
        watcher.Renamed += (_, _) => come.Release();
        while (!File.Exists(note.FullName))
        {
            Assert.That(await come.WaitAsync(TimeSpan.FromMinutes(1)), "the file comes");
        }

        Assert.That(await File.ReadAllTextAsync(note.FullName), Is.EqualTo("from the server"));
    }

    [Test]
    public async Task Server_with_another_key_is_refused()
    {
        await using var pair = await Pair.CreateAsync(serverPin: OtherPin);
        await File.WriteAllTextAsync(Path.Combine(pair.Server.Home, "tree", "note"), "not for everybody");
        await pair.StartAsync();
        var ended = await pair.Client.CtlAsync("sync", "--wait", "--timeout", "3");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ended.Code, Is.EqualTo(3));
            Assert.That(ended.Errors, Does.Contain("isn't connected"));
            Assert.That(File.Exists(Path.Combine(pair.Client.Home, "tree", "note")), Is.False);
        }

        await CliNode.StopAsync(pair.ClientDaemon!);
        Assert.That(await pair.Client.LogAsync(pair.ClientDaemon!), Does.Contain($"has the key {pair.ServerPin}, not {OtherPin}"));
    }

    [Test]
    public async Task Client_with_an_unknown_key_is_refused()
    {
        await using var pair = await Pair.CreateAsync(clientPin: OtherPin);
        await pair.StartAsync();
        var ended = await pair.Client.CtlAsync("sync", "--wait", "--timeout", "3");
        Assert.That(ended.Code, Is.EqualTo(3));
        await CliNode.StopAsync(pair.ServerDaemon!);
        Assert.That(await pair.Server.LogAsync(pair.ServerDaemon!), Does.Contain($"came with the unknown key {pair.ClientPin}"));
    }

    [Test]
    public async Task Caller_without_a_key_is_refused([Values(SslProtocols.Tls12, SslProtocols.Tls13)] SslProtocols protocol)
    {
        await using var pair = await Pair.CreateAsync();
        await pair.StartAsync();
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
        await using var pair = await Pair.CreateAsync();
        await pair.StartAsync();
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

    /// <summary>A plain directory that is served, and one that receives.</summary>
    private sealed class Pair : IAsyncDisposable
    {
        public CliNode Server { get; } = new("qube");

        public CliNode Client { get; } = new("t21");

        public string ServerPin { get; private set; } = "";

        public string ClientPin { get; private set; } = "";

        public Process? ServerDaemon { get; private set; }

        public Process? ClientDaemon { get; private set; }

        /// <summary>With pins that aren't the other's, if given.</summary>
        public static async Task<Pair> CreateAsync(string? serverPin = null, string? clientPin = null)
        {
            var pair = new Pair();
            await pair.Server.DoAsync("init");
            await pair.Client.DoAsync("init");
            pair.ServerPin = await pair.Server.DoAsync("init", "--show-pin");
            pair.ClientPin = await pair.Client.DoAsync("init", "--show-pin");
            await pair.Server.DoAsync("peer", "add", "t21", "--pin", clientPin ?? pair.ClientPin);
            await pair.Client.DoAsync("peer", "add", "qube", "--pin", serverPin ?? pair.ServerPin, "--address", $"127.0.0.1:{pair.Server.Port}");
            await pair.Server.DoAsync("fileset", "create", "home", "--mount", pair.Server.MakeDirectory("tree"), "--readonly-client", "t21");
            await pair.Client.DoAsync("fileset", "join", "home", "--server", "qube", "--mount", pair.Client.MakeDirectory("tree"));
            return pair;
        }

        public async Task StartAsync()
        {
            ServerDaemon = await Server.StartLentoAsync();
            ClientDaemon = await Client.StartLentoAsync();
        }

        public async ValueTask DisposeAsync()
        {
            await Client.DisposeAsync();
            await Server.DisposeAsync();
        }
    }
}
