// SPDX-License-Identifier: GPL-2.0-or-later
using System.Net;

namespace InterMezzo.Configuration;

/// <summary>All that lento is told, checked: lento.toml and its drop-ins.</summary>
public sealed record LentoConfiguration(NodeConfiguration Node, IReadOnlyList<PeerConfiguration> Peers, IReadOnlyList<FilesetConfiguration> Filesets)
{
    /// <summary>The first one counts that is for a file.</summary>
    public IReadOnlyList<MergeConfiguration> Merges { get; init; } = [];

    public PeerConfiguration? FindPeer(string name) => Peers.FirstOrDefault(peer => peer.Name == name);

    public FilesetConfiguration? FindFileset(string name) => Filesets.FirstOrDefault(fileset => fileset.Name == name);
}

/// <summary>This machine: [node].</summary>
public sealed record NodeConfiguration
{
    /// <summary>How this machine calls itself in messages; peers give it names of their own.</summary>
    public string Name { get; init; } = Dns.GetHostName();

    /// <summary>Keys, replica id and indexes. The FHS gives /var/lib to state that a program keeps.</summary>
    public string State { get; init; } = "/var/lib/intermezzo";

    /// <summary>Where peers connect to; null: nobody connects here. 2411 is assigned to nobody.</summary>
    public IPEndPoint? Listen { get; init; } = new(IPAddress.Any, 2411);

    /// <summary>Where intermezzo-ctl talks to lento; file mode 0660 guards it.</summary>
    public string Socket { get; init; } = "/run/intermezzo/lento.sock";
}

/// <summary>Another machine: [[peer]].</summary>
public sealed record PeerConfiguration
{
    public required string Name { get; init; }

    /// <summary>host:port; null: it connects to us, we never connect to it.</summary>
    public string? Address { get; init; }

    /// <summary>SHA-256 of its public key (SubjectPublicKeyInfo), 64 lower-case hex digits.</summary>
    public required string Pin { get; init; }
}
