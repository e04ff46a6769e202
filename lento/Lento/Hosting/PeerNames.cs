// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Lento.Network;

namespace InterMezzo.Lento.Hosting;

/// <summary>What people call a peer, and what the wire does.</summary>
internal sealed class PeerNames(PeerDirectory peers, ReplicaBook replicas)
{
    /// <summary>0: it hasn't been here yet.</summary>
    public ulong ReplicaOf(string name) => peers.FindByName(name) is { } peer ? replicas.Find(peer.Pin) ?? 0 : 0;
}
