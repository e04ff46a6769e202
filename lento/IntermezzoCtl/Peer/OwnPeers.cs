// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Configuration;

namespace InterMezzo.Ctl;

/// <summary>Peers that this program wrote and may remove; what a person wrote into other files stays his.</summary>
internal static class OwnPeers
{
    public static PeerConfiguration Find(ConfigurationFiles files, LentoConfiguration configuration, string name)
    {
        var peer = configuration.FindPeer(name)
            ?? throw new ConfigurationException($"there is no peer \"{name}\"; `intermezzo-ctl peer list` shows those there are");
        return File.Exists(files.Peer(name)) ? peer : throw new ConfigurationException(
            $"peer \"{name}\" isn't defined in {files.Peer(name)} but by hand in another file: remove it there, then `systemctl reload lento`");
    }
}
