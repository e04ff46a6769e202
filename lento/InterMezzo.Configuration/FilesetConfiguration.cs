// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Configuration;

public enum FilesetRole
{
    /// <summary>Orders the updates of all replicas.</summary>
    Server,

    /// <summary>Follows a server, and sends it what is done here.</summary>
    Client,
}

public enum FilesetKind
{
    /// <summary>Behind the kernel module: journaled.</summary>
    Presto,

    /// <summary>A plain directory: receives, or is served read-only; keeps no log.</summary>
    Plain,

    /// <summary>A plain directory and a journal file of its making (a kml file), served read-only.</summary>
    Kml,
}

/// <summary>What programs at a client may do while it can't reach its server.</summary>
public enum OfflinePolicy
{
    /// <summary>All; what both sides have changed is a conflict.</summary>
    Optimistic,

    /// <summary>Read.</summary>
    Readonly,

    /// <summary>All if the client had the write permit when it lost its server, otherwise read.</summary>
    Permit,
}

/// <summary>A replicated tree: [[fileset]].</summary>
public sealed record FilesetConfiguration
{
    public const int DefaultPatience = 10;

    /// <summary>The same on all its machines; with presto, the one it is mounted with.</summary>
    public required string Name { get; init; }

    public required FilesetRole Role { get; init; }

    public FilesetKind Kind { get; init; } = FilesetKind.Presto;

    /// <summary>Where the tree is.</summary>
    public required string Mount { get; init; }

    /// <summary>presto: /dev/intermezzoN.</summary>
    public string? Device { get; init; }

    /// <summary>kml: the journal file.</summary>
    public string? Log { get; init; }

    /// <summary>At a client: the peer that serves it.</summary>
    public string? Server { get; init; }

    /// <summary>Peers that have this machine as their server, be it everybody's or a client itself: they may read and write it.</summary>
    public IReadOnlyList<string> Clients { get; init; } = [];

    /// <summary>The same, but they may only read it.</summary>
    public IReadOnlyList<string> ReadonlyClients { get; init; } = [];

    /// <summary>Those of the clients that may have clients of their own, and pass on what these do.</summary>
    public IReadOnlyList<string> Relays { get; init; } = [];

    /// <summary>
    /// Device nodes are replicated like everything else. Where peers aren't trusted as far as root, turn this off and
    /// mount nosuid.
    /// </summary>
    public bool Devices { get; init; } = true;

    /// <summary>At a server: while they are connected, one machine at a time writes.</summary>
    public bool Permits { get; init; }

    /// <summary>At a server: seconds that a machine which has the permit may keep it though it is asked for, or out of reach.</summary>
    public int PermitPatience { get; init; } = DefaultPatience;

    /// <summary>At a client: without its server.</summary>
    public OfflinePolicy Offline { get; init; }

    /// <summary>All peers that take part in it.</summary>
    public IEnumerable<string> Peers => Server is { } server ? [server, .. AllClients] : AllClients;

    public IEnumerable<string> AllClients => Clients.Concat(ReadonlyClients);

    /// <summary>Others may be served.</summary>
    public bool Serves => Role == FilesetRole.Server || AllClients.Any();

    /// <summary>The peer may take part in this fileset.</summary>
    public bool MayRead(string peer) => peer == Server || Clients.Contains(peer) || ReadonlyClients.Contains(peer);

    /// <summary>Updates that the peer made may be applied here.</summary>
    public bool MayWrite(string peer) => peer == Server || Clients.Contains(peer);

    /// <summary>So may updates that come to it from others.</summary>
    public bool MayRelay(string peer) => Relays.Contains(peer) && MayWrite(peer);

    // Lists compare by what is in them, so that a reload finds out what has changed.
    public bool Equals(FilesetConfiguration? other) =>
        other is not null && Scalars == other.Scalars && Clients.SequenceEqual(other.Clients) && ReadonlyClients.SequenceEqual(other.ReadonlyClients) &&
        Relays.SequenceEqual(other.Relays);

    public override int GetHashCode() => Scalars.GetHashCode();

    private (string, FilesetRole, FilesetKind, string, string?, string?, string?, bool, bool, int, OfflinePolicy) Scalars =>
        (Name, Role, Kind, Mount, Device, Log, Server, Devices, Permits, PermitPatience, Offline);
}
