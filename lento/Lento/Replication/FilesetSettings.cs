// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Lento.Replication;

/// <summary>A fileset as replication needs to know it.</summary>
/// <param name="Name">The fileset.</param>
/// <param name="Side">A client joins another's. A server doesn't.</param>
/// <param name="SendsOwn">At a client: its own changes go to the server. A plain directory has none.</param>
/// <param name="Clients">How many are configured that join it here, of a client as well as of a server; the log is kept until all of them have it.</param>
internal sealed record FilesetSettings(string Name, Side Side, bool SendsOwn, int Clients)
{
    /// <summary>The log is trimmed in steps of this: freeing less isn't worth the work.</summary>
    public ulong TrimStep { get; init; } = 16 << 20;

    /// <summary>At a server: one machine at a time writes.</summary>
    public bool Permits { get; init; }

    /// <summary>So long each has the permit at least.</summary>
    public TimeSpan PermitHold { get; init; } = TimeSpan.FromMilliseconds(300);

    /// <summary>So long a holder that is asked, or out of reach, keeps it.</summary>
    public TimeSpan PermitPatience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>So long a program waits for the permit; then it is as if there was no server.</summary>
    public TimeSpan PermitWait { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>At a client: what the gate of its programs is without the server, Open or Shut.</summary>
    public GateState Offline { get; init; } = GateState.Open;

    /// <summary>At a client: whoever had the permit goes on without the server.</summary>
    public bool KeepsPermit { get; init; }
}

/// <summary>How a client reaches its server.</summary>
internal interface IServerLink
{
    /// <summary>A connection with the peer's pinned key; calls on it may fail when the network does.</summary>
    ValueTask<Grpc.Core.CallInvoker> ConnectAsync(CancellationToken cancellationToken);

    /// <summary>Ends when the network has changed (link, address, route): a new attempt may succeed.</summary>
    Task NetworkChangedAsync(CancellationToken cancellationToken);
}

internal enum LinkState
{
    /// <summary>A server: waits for clients.</summary>
    Serving,

    /// <summary>A client without connection.</summary>
    Disconnected,

    /// <summary>It takes the server's tree over.</summary>
    Joining,

    /// <summary>Connected, both logs flow.</summary>
    Connected,

    /// <summary>The server keeps no log: the tree is as it was at the last comparison.</summary>
    Compared,
}

/// <param name="Peer">The other replica.</param>
/// <param name="Applied">Its log is applied here below this.</param>
/// <param name="Settled">It has our log below this.</param>
/// <param name="Unacknowledged">Batches on their way to it.</param>
/// <param name="IsServer">It is this one's server.</param>
internal sealed record PeerStatus(ulong Peer, ulong Applied, ulong Settled, int Unacknowledged, bool IsServer);

/// <summary>How replication of a fileset stands.</summary>
internal sealed record ReplicationStatus(
    LinkState State,
    string? Error,
    ulong Head,
    ulong First,
    IReadOnlyList<PeerStatus> Peers,
    ulong LagBytes,
    long JoinedObjects,
    int Conflicts,
    long? InSyncMilliseconds,
    Counters Counters)
{
    /// <summary>When the tree was as that of a server that keeps no log; null: the server keeps one, or isn't reached yet.</summary>
    public DateTimeOffset? Compared { get; init; }

    /// <summary>Tree and log are being compared; null: they aren't.</summary>
    public InterMezzo.Replication.Ports.ScanProgress? Scanning { get; init; }

    /// <summary>Somebody else had the tree in his hands, and it wasn't verified since.</summary>
    public bool IsBelowDoubtful { get; init; }
}
