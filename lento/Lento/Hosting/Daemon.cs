// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using System.Reflection;
using InterMezzo.Configuration;
using InterMezzo.Lento.Control;
using InterMezzo.Lento.Network;
using InterMezzo.Lento.Replication;
using InterMezzo.Protocol.Replication;
using Microsoft.AspNetCore.Connections;

namespace InterMezzo.Lento.Hosting;

/// <summary>Puts the daemon together and runs it.</summary>
internal static class Daemon
{
    /// <summary>A batch that is being applied ends within this, or is applied again after the next start.</summary>
    private static readonly TimeSpan s_shutdown = TimeSpan.FromSeconds(20);

    public static string Version =>
        typeof(Daemon).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "?";

    /// <summary>Returns when the daemon was told to stop.</summary>
    /// <exception cref="ConfigurationException">What the user has to put right.</exception>
    public static async Task RunAsync(ConfigurationFiles files, bool verbose)
    {
        var configuration = ConfigurationReader.Read(files);
        using var identity = new IdentityFiles(configuration.Node.State).Load();
        using var held = StateLock.Take(configuration.Node.State);
        await using var app = Build(files, configuration, identity, verbose);
        var logger = app.Services.GetRequiredService<ILogger<WebApplication>>();
        logger.Starting(
            Version, configuration.Node.Name, identity.Replica, files.Main, configuration.Node.State, configuration.Node.Socket);
        await StartAsync(app, configuration.Node);
        logger.Ready(configuration.Node.Listen?.ToString() ?? "nowhere", configuration.Filesets.Count);
        await app.WaitForShutdownAsync();
    }

    private static WebApplication Build(ConfigurationFiles files, LentoConfiguration configuration, NodeIdentity identity, bool verbose)
    {
        // Empty: no settings from the environment or from appsettings.json, lento.toml is all there is.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ContentRootPath = "/" });
        Logging.Configure(builder.Logging, verbose);
        builder.WebHost.UseKestrelCore().UseSockets(Endpoints.Configure);
        builder.WebHost.ConfigureKestrel(options => Endpoints.Configure(options, configuration.Node, identity));
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = s_shutdown);
        builder.Services.Configure<ConsoleLifetimeOptions>(options => options.SuppressStatusMessages = true);
        builder.Services.AddGrpc(options =>
        {
            options.MaxReceiveMessageSize = WireLimits.Message;
            options.MaxSendMessageSize = WireLimits.Message;
        });
        builder.Services.AddSingleton(files).AddSingleton(configuration).AddSingleton(identity).AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(new PeerDirectory(configuration.Peers)).AddSingleton<PeerConnector>();
        builder.Services.AddSingleton<ReplicaBook>().AddSingleton<FilesetFactory>().AddSingleton<IFilesetDirectory, FilesetDirectory>();
        AddHosted<NetworkWatcher>(builder.Services).AddSingleton<INetworkWatcher>(services => services.GetRequiredService<NetworkWatcher>());
        AddHosted<FilesetRegistry>(builder.Services);
        AddHosted<Reloader>(builder.Services);
        AddHosted<ServiceNotifier>(builder.Services);

        var app = builder.Build();
        app.UseRouting();
        app.Use(ControlConnection.GuardAsync);
        app.MapGrpcService<ControlService>().WithMetadata(ControlConnection.Only);
        app.MapGrpcService<ReplicationEndpoint>();
        return app;
    }

    private static IServiceCollection AddHosted<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] T>(IServiceCollection services)
        where T : class, IHostedService =>
        services.AddSingleton<T>().AddHostedService(provider => provider.GetRequiredService<T>());

    private static async Task StartAsync(WebApplication app, NodeConfiguration node)
    {
        try
        {
            await app.StartAsync();
        }
        catch (IOException exception) when (exception.InnerException is AddressInUseException)
        {
            throw new ConfigurationException($"node.listen = \"{node.Listen}\": the port is in use; stop what listens there (`ss -ltnp`), or choose another one");
        }
        catch (SocketException exception)
        {
            throw new ConfigurationException($"node.listen = \"{node.Listen}\", node.socket = \"{node.Socket}\": can't listen there: {exception.Message}");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"can't start: {exception.Message}");
        }
    }
}
