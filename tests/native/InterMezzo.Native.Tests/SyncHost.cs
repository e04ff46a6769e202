// SPDX-License-Identifier: GPL-2.0-or-later
using Grpc.Core;
using Grpc.Net.Client;
using InterMezzo.Lento.Replication;
using InterMezzo.Platform;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using NUnit.Framework;

namespace InterMezzo.Native.Tests;

/// <summary>The replication of filesets within the test's process, over real connections on the loopback (without TLS: that has its own tests).</summary>
internal sealed class SyncServer : IFilesetDirectory, IAsyncDisposable
{
    private readonly WebApplication _web;

    private SyncServer(FilesetService fileset, int port)
    {
        Fileset = fileset;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Logging.AddProvider(new SyncLog("server"));
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenLocalhost(port, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        builder.Services.AddSingleton<IFilesetDirectory>(this);
        _web = builder.Build();
        _web.MapGrpcService<ReplicationEndpoint>();
    }

    public FilesetService Fileset { get; }

    /// <summary>What clients send is taken.</summary>
    public bool IsWritable { get; set; } = true;

    public static async Task<SyncServer> StartAsync(FilesetService fileset, int port)
    {
        var server = new SyncServer(fileset, port);
        await fileset.StartAsync();
        await server._web.StartAsync();
        return server;
    }

    public FilesetService Find(string fileset, ServerCallContext caller) =>
        fileset == Fileset.Settings.Name ? Fileset : throw new RpcException(new Status(StatusCode.NotFound, "no such fileset"));

    public bool IsReplica(ServerCallContext caller, ulong replica) => true;

    public bool MayWrite(string fileset, ServerCallContext caller) => IsWritable;

    public bool MayRelay(string fileset, ServerCallContext caller) => false;

    public async ValueTask DisposeAsync()
    {
        await Fileset.DisposeAsync();
        await _web.StopAsync();
        await _web.DisposeAsync();
    }
}

/// <summary>The way to a server on the loopback. The test decides when "the network changes".</summary>
internal sealed class SyncLink(int port) : IServerLink, IDisposable
{
    private GrpcChannel? _channel;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ValueTask<CallInvoker> ConnectAsync(CancellationToken cancellationToken)
    {
        _channel?.Dispose();
        _channel = GrpcChannel.ForAddress($"http://127.0.0.1:{port}");
        return ValueTask.FromResult(_channel.CreateCallInvoker());
    }

    public Task NetworkChangedAsync(CancellationToken cancellationToken) => _changed.Task.WaitAsync(cancellationToken);

    public void ChangeNetwork() => Interlocked.Exchange(ref _changed, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();

    public void Dispose() => _channel?.Dispose();
}

internal static class SyncFilesets
{
    public static FilesetService Source(string directory, string log, string state, ulong self = 1)
    {
        var replica = new LoggedDirectory(PlainReplica.Open(directory, "home", self, state), new KmlFileJournal(log));
        return new FilesetService(new FilesetSettings("home", Side.Server, false, 1), replica, null, TimeProvider.System, new SyncLog("server").CreateLogger(""));
    }

    public static FilesetService PlainServer(string directory, string state, ulong self = 1) => new(
        new FilesetSettings("home", Side.Server, false, 1), PlainReplica.Open(directory, "home", self, state), null, TimeProvider.System,
        new SyncLog("server").CreateLogger(""));

    public static FilesetService Client(IReplica replica, IServerLink link, bool sendsOwn = false) => new(
        new FilesetSettings("home", Side.Client, sendsOwn, 0), replica, link, TimeProvider.System,
        new SyncLog($"client {replica.Self}").CreateLogger(""));

    public static FilesetService PlainClient(string directory, string state, IServerLink link, ulong self = 2)
    {
        Directory.CreateDirectory(directory);
        return Client(PlainReplica.Open(directory, "home", self, state), link);
    }

    public static int FreePort()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
    }
}

/// <summary>The daemon's messages in the test's output.</summary>
internal sealed class SyncLog(string who) : ILoggerProvider, ILogger
{
    private readonly TextWriter _output = TestContext.Progress;

    public ILogger CreateLogger(string categoryName) => new SyncLog(who);

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (eventId.Id is >= 3000 and < 4000 || logLevel >= LogLevel.Warning)
        {
            _output.WriteLine($"{who}: {logLevel} {formatter(state, exception)} {exception}");
        }
    }

    public void Dispose()
    {
    }
}
