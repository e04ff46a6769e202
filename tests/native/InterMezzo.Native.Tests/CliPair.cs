// SPDX-License-Identifier: GPL-2.0-or-later
using System.Text.Json;

namespace InterMezzo.Native.Tests;

/// <summary>Two machines on the loopback: qube serves a directory, with the journal that a script writes or without one, t21 receives it.</summary>
internal sealed class CliPair : IAsyncDisposable
{
    private CliPair()
    {
    }

    public CliNode Server { get; } = new("qube");

    public CliNode Client { get; } = new("t21");

    public string ServerPin { get; private set; } = "";

    public string ClientPin { get; private set; } = "";

    public LentoProcess? ServerDaemon { get; set; }

    public LentoProcess? ClientDaemon { get; set; }

    /// <summary>Changes the server's tree and writes the journal of it. Null: it is a plain directory.</summary>
    public SyncScript? Script { get; private set; }

    public string ServerTree => Path.Combine(Server.Home, "tree");

    public string ClientTree => Path.Combine(Client.Home, "disk", "tree");

    /// <summary>What is on the client's file system; a test may mount one there before it <see cref="JoinAsync">joins</see>.</summary>
    public string ClientDisk => Client.MakeDirectory("disk");

    /// <summary>Keys and peers; with pins that aren't the other's, if given.</summary>
    public static async Task<CliPair> CreateAsync(string? serverPin = null, string? clientPin = null)
    {
        var pair = new CliPair();
        await pair.Server.DoAsync("init");
        await pair.Client.DoAsync("init");
        pair.ServerPin = await pair.Server.DoAsync("init", "--show-pin");
        pair.ClientPin = await pair.Client.DoAsync("init", "--show-pin");
        await pair.Server.DoAsync("peer", "add", "t21", "--pin", clientPin ?? pair.ClientPin);
        await pair.Client.DoAsync("peer", "add", "qube", "--pin", serverPin ?? pair.ServerPin, "--address", $"127.0.0.1:{pair.Server.Port}");
        return pair;
    }

    /// <summary>A directory without a journal is served.</summary>
    public Task ServePlainAsync() => Server.DoAsync("fileset", "create", "home", "--mount", Server.MakeDirectory("tree"), "--readonly-client", "t21");

    /// <summary>A directory with a journal is served.</summary>
    public Task ServeScriptAsync()
    {
        var log = Path.Combine(Server.Home, "tree.kml");
        Script = new SyncScript(ServerTree, log);
        return Server.DoAsync("fileset", "create", "home", "--mount", ServerTree, "--log", log, "--readonly-client", "t21");
    }

    public Task JoinAsync()
    {
        Directory.CreateDirectory(ClientTree);
        return Client.DoAsync("fileset", "join", "home", "--server", "qube", "--mount", ClientTree);
    }

    public async Task StartAsync()
    {
        ServerDaemon = await Server.StartLentoAsync();
        ClientDaemon = await Client.StartLentoAsync();
    }

    /// <summary>The client's fileset, as status tells it.</summary>
    public async Task<JsonElement> StatusAsync() =>
        JsonDocument.Parse(await Client.DoAsync("status", "--json")).RootElement.GetProperty("filesets")[0];

    public Task SyncAsync() => Client.DoAsync("sync", "--wait", "--timeout", "100");

    public void AssertEqual() => SyncTree.AssertEqual(ServerTree, ClientTree);

    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();
        await Server.DisposeAsync();
        Script?.Dispose();
    }
}
