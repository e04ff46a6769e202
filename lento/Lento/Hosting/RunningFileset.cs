// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Configuration;
using InterMezzo.Lento.Control;
using InterMezzo.Lento.Network;
using InterMezzo.Lento.Replication;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Lento.Hosting;

/// <summary>A fileset at work, as it shows itself to people.</summary>
internal sealed class RunningFileset(FilesetConfiguration configuration, FilesetService service, ServerLink? link, PeerNames names) : IFileset
{
    public FilesetConfiguration Configuration => configuration;

    public FilesetService Service => service;

    /// <summary>Completes when it has to be started anew.</summary>
    public Task<Exception> Broken => service.Broken;

    public IReplica Replica => service.Replica;

    public FilesetSnapshot Snapshot()
    {
        var status = service.Status();
        var counters = status.Counters;
        var info = service.Replica.Journal?.Info;
        return new FilesetSnapshot
        {
            State = StateOf(status.State),
            Reason = ReasonOf(status),
            Log = info?.Log.ToString() ?? "",
            Records = info?.Records ?? 0,
            First = info?.First ?? 0,
            Watermark = info?.Watermark ?? 0,
            Batches = counters.Batches,
            RecordsSent = counters.RecordsOut,
            RecordsCancelled = counters.Cancelled,
            RecordsReceived = counters.RecordsIn,
            ContentsSent = counters.ContentsOut,
            ContentsReceived = counters.ContentsIn,
            BytesSent = counters.BytesOut,
            BytesReceived = counters.BytesIn,
            Conflicts = status.Conflicts,
            Work = status.Scanning is { } scan
                ? new WorkProgress("comparing tree and journal", (ulong)scan.Looked, 0, 0)
                : status.State == LinkState.Joining ? new WorkProgress("receiving the tree", (ulong)status.JoinedObjects, 0, (ulong)counters.BytesIn)
                : null,
            Peers = [.. PeersOf(status)],
        };
    }

    public Task<ScanProgress> VerifyAsync(CancellationToken cancellationToken) => service.VerifyAsync(cancellationToken);

    public PermitStatus? Permit => service.Permit;

    public void ReleasePermit() => service.ReleasePermit();

    public void BreakPermit() => service.BreakPermit();

    public Task<bool> DropConflictAsync(string id, ulong stamp) => service.DropConflictAsync(id, stamp);

    public async Task<SyncResult> WaitAsync(CancellationToken cancellationToken)
    {
        try
        {
            await service.SyncAsync(cancellationToken);
            return new SyncResult(true, Missing());
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return new SyncResult(false, Missing());
        }
        catch (OperationCanceledException)
        {
            return new SyncResult(false, [$"{configuration.Name}: the fileset has ended meanwhile"]);
        }
        catch (Exception exception) when (exception is IOException or Grpc.Core.RpcException)
        {
            return new SyncResult(false, [$"{configuration.Name}: {exception.Message}"]);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await service.DisposeAsync();
        link?.Dispose();
    }

    /// <summary>Only what somebody has to do comes before what the link says.</summary>
    private string ReasonOf(ReplicationStatus status) => string.Join("; ", Reasons(status));

    private IEnumerable<string> Reasons(ReplicationStatus status)
    {
        if (status.IsBelowDoubtful)
        {
            yield return "somebody else has mounted or checked the file system below since it was unmounted: "
                + $"'intermezzo-ctl verify {configuration.Name}' finds what was changed, and tells the others";
        }

        if ((status.Error ?? (status.Compared is { } compared ? AsOf(compared) : null)) is { } error)
        {
            yield return error;
        }
    }

    private static FilesetState StateOf(LinkState state) => state switch
    {
        LinkState.Serving => FilesetState.Serving,
        LinkState.Disconnected => FilesetState.Disconnected,
        LinkState.Joining => FilesetState.Joining,
        _ => FilesetState.Following,
    };

    /// <summary>All that are configured, connected or not.</summary>
    private IEnumerable<PeerSnapshot> PeersOf(ReplicationStatus status)
    {
        if (configuration.Server is { } server)
        {
            yield return Of(server, status.Peers.LastOrDefault(peer => peer.IsServer), status);
        }

        foreach (var name in configuration.AllClients)
        {
            yield return Of(name, names.ReplicaOf(name) is > 0 and var replica ? status.Peers.LastOrDefault(peer => peer.Peer == replica && !peer.IsServer) : null, status);
        }
    }

    private PeerSnapshot Of(string name, PeerStatus? peer, ReplicationStatus status) => peer is null
        ? new PeerSnapshot(name, false, names.ReplicaOf(name), 0, 0, 0)
        : new PeerSnapshot(name, true, peer.Peer, peer.Settled, peer.Applied, status.Head > peer.Settled ? status.Head - peer.Settled : 0);

    /// <summary>What a server without a journal leaves to say.</summary>
    private static string AsOf(DateTimeOffset compared) =>
        $"the server keeps no journal: the tree is as it was there at {compared:u}; "
        + "what has changed since comes with the next comparison (when the network changes, or lento starts)";

    /// <summary>A line for each peer that doesn't have everything, as far as can be told.</summary>
    private IReadOnlyList<string> Missing()
    {
        var snapshot = Snapshot();
        if (service.Status().Compared is { } compared)
        {
            return [$"{configuration.Name}: {AsOf(compared)}"];
        }

        var why = snapshot.Reason.Length > 0 ? $" ({snapshot.Reason})" : "";
        return [.. snapshot.Peers.Where(peer => !peer.Connected || peer.Pending > 0).Select(peer => peer.Connected
            ? $"{configuration.Name}: {peer.Name} lacks {peer.Pending} bytes of the journal here"
            : $"{configuration.Name}: {peer.Name} isn't connected{why}")];
    }
}
