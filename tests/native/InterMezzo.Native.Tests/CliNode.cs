// SPDX-License-Identifier: GPL-2.0-or-later
using System.Net;
using System.Net.Sockets;
using System.Text;
using NUnit.Framework;

namespace InterMezzo.Native.Tests;

/// <summary>A machine as far as the programs see it: a configuration, a state directory and a port of its own.</summary>
internal sealed class CliNode : IAsyncDisposable
{
    private readonly List<LentoProcess> _daemons = [];

    public CliNode(string name)
    {
        Name = name;
        Home = Directory.CreateTempSubdirectory("intermezzo-").FullName;
        Port = FreePort();
        WriteConfiguration("");
    }

    public string Name { get; }

    public string Home { get; }

    public int Port { get; }

    public string State => Path.Combine(Home, "state");

    public string Configuration => Path.Combine(Home, "lento.toml");

    /// <summary>In a directory that the daemon makes.</summary>
    public string Socket => Path.Combine(Home, "run", "lento.sock");

    public string Key => Path.Combine(State, "key.pem");

    /// <summary>[node] as it must be, and what a test adds.</summary>
    public void WriteConfiguration(string more) => File.WriteAllText(
        Configuration,
        $"""
        [node]
        name = "{Name}"
        state = "{State}"
        listen = "127.0.0.1:{Port}"
        socket = "{Socket}"
        {more}
        """);

    public string MakeDirectory(string name) => Directory.CreateDirectory(Path.Combine(Home, name)).FullName;

    public Task<Ended> CtlAsync(params IEnumerable<string> arguments) => Programs.RunAsync(Programs.Ctl, [.. arguments, "--config", Configuration]);

    /// <summary>For what must succeed.</summary>
    public async Task<string> DoAsync(params string[] arguments)
    {
        var ended = await CtlAsync(arguments);
        Assert.That(ended.Code, Is.Zero, $"intermezzo-ctl {string.Join(' ', arguments)}: {ended.Errors}");
        return ended.Output.Trim();
    }

    /// <summary>A daemon that is expected to end by itself.</summary>
    public Task<Ended> RunLentoAsync() => Programs.RunAsync(Programs.Lento, "--config", Configuration);

    /// <summary>Returns when it says that it is ready.</summary>
    public async Task<LentoProcess> StartLentoAsync()
    {
        var path = Path.Combine(Home, "notify");
        File.Delete(path);
        using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));
        var process = Programs.Start(Programs.Lento, ["--config", Configuration], new Dictionary<string, string> { ["NOTIFY_SOCKET"] = path });
        var daemon = new LentoProcess(process);
        _daemons.Add(daemon);
        var message = new byte[4096];
        var ready = socket.ReceiveAsync(message);
        var ended = daemon.EndAsync();
        if (await Task.WhenAny(ready, ended) == ended)
        {
            Assert.Fail($"lento ended with {daemon.ExitCode}: {daemon.Log}");
        }

        Assert.That(Encoding.UTF8.GetString(message, 0, await ready), Does.Contain("READY=1"));
        return daemon;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var daemon in _daemons)
        {
            await daemon.KillAsync();
            daemon.Dispose();
        }

        Directory.Delete(Home, recursive: true);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
