// SPDX-License-Identifier: GPL-2.0-or-later
using System.Collections.Frozen;
using InterMezzo.Configuration;

namespace InterMezzo.Lento.Network;

/// <summary>The peers that are configured now. Any thread; a reload replaces them all at once.</summary>
internal sealed class PeerDirectory(IEnumerable<PeerConfiguration> peers)
{
    private volatile Peers _peers = new(peers);

    public void Replace(IEnumerable<PeerConfiguration> peers) => _peers = new Peers(peers);

    public PeerConfiguration? FindByPin(string pin) => _peers.ByPin.GetValueOrDefault(pin);

    public PeerConfiguration? FindByName(string name) => _peers.ByName.GetValueOrDefault(name);

    private sealed class Peers(IEnumerable<PeerConfiguration> peers)
    {
        public FrozenDictionary<string, PeerConfiguration> ByPin { get; } = peers.ToFrozenDictionary(peer => peer.Pin);

        public FrozenDictionary<string, PeerConfiguration> ByName { get; } = peers.ToFrozenDictionary(peer => peer.Name);
    }
}
