// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Configuration;

namespace InterMezzo.Ctl;

internal static class PeerListCommand
{
    public static int Run(ConfigurationFiles files, bool json)
    {
        var peers = ConfigurationReader.Read(files).Peers;
        if (json)
        {
            CtlJson.Print(new PeersOutput([.. peers.Select(peer => new PeerOutput(peer.Name, peer.Address, peer.Pin))]), CtlJson.Default.PeersOutput);
            return ExitCode.Done;
        }

        var table = new TextTable("PEER", "ADDRESS", "PIN");
        foreach (var peer in peers)
        {
            table.Add(peer.Name, peer.Address ?? "-", peer.Pin);
        }

        table.WriteTo(Console.Out);
        return ExitCode.Done;
    }
}

internal sealed record PeersOutput(IReadOnlyList<PeerOutput> Peers);

internal sealed record PeerOutput(string Name, string? Address, string Pin);
