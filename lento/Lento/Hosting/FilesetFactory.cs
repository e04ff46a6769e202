// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Configuration;
using InterMezzo.Lento.Network;
using InterMezzo.Lento.Replication;
using InterMezzo.Platform;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Lento.Hosting;

/// <summary>Makes filesets work; the one place that knows how.</summary>
internal sealed class FilesetFactory(
    LentoConfiguration start,
    NodeIdentity identity,
    PeerConnector connector,
    PeerDirectory peers,
    INetworkWatcher network,
    ReplicaBook replicas,
    TimeProvider time,
    ILogger<FilesetService> logger)
{
    /// <summary>Where filesets without a presto mount keep their index.</summary>
    public string State { get; } = Path.Combine(start.Node.State, "filesets");

    /// <summary>
    /// Opens the replica and starts it; doesn't wait for any peer.
    /// </summary>
    /// <exception cref="IOException">Device, mount or state aren't usable; the message says which and what to do.</exception>
    /// <exception cref="Microsoft.Data.Sqlite.SqliteException">The index isn't.</exception>
    public async Task<RunningFileset> StartAsync(FilesetConfiguration configuration)
    {
        var isClient = configuration.Role == FilesetRole.Client;
        var settings = new FilesetSettings(
            configuration.Name,
            isClient ? Side.Client : Side.Server,
            SendsOwn: isClient && configuration.Kind == FilesetKind.Presto,
            Clients: configuration.Clients.Count + configuration.ReadonlyClients.Count)
        {
            Permits = configuration.Permits,
            PermitPatience = TimeSpan.FromSeconds(configuration.PermitPatience),
            Offline = configuration.Offline == OfflinePolicy.Optimistic ? GateState.Open : GateState.Shut,
            KeepsPermit = configuration.Offline == OfflinePolicy.Permit,
        };
        var link = isClient ? new ServerLink(configuration.Server!, connector, network) : null;
        var service = new FilesetService(settings, Open(configuration), link, time, logger);
        var fileset = new RunningFileset(configuration, service, link, new PeerNames(peers, replicas));
        try
        {
            await service.StartAsync();
            return fileset;
        }
        catch
        {
            await fileset.DisposeAsync();
            throw;
        }
    }

    private IReplica Open(FilesetConfiguration configuration)
    {
        var (name, mount, options) = (configuration.Name, configuration.Mount, new ApplyOptions(configuration.Devices));
        return configuration.Kind switch
        {
            FilesetKind.Presto => PrestoReplica.Open(mount, configuration.Device!, name, identity.Replica, options),
            FilesetKind.Kml => OpenLogged(configuration, options),
            _ => PlainReplica.Open(mount, name, identity.Replica, State, options),
        };
    }

    private LoggedDirectory OpenLogged(FilesetConfiguration configuration, ApplyOptions options)
    {
        var journal = new KmlFileJournal(configuration.Log!);
        try
        {
            return new LoggedDirectory(PlainReplica.Open(configuration.Mount, configuration.Name, identity.Replica, State, options), journal);
        }
        catch
        {
            journal.Dispose();
            throw;
        }
    }
}
