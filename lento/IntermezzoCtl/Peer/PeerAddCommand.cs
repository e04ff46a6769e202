// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Configuration;

namespace InterMezzo.Ctl;

internal static class PeerAddCommand
{
    public static async Task<int> RunAsync(ConfigurationFiles files, string name, string pin, string? address, CancellationToken cancellationToken)
    {
        if (!Syntax.IsName(name))
        {
            throw new ConfigurationException($"the name \"{name}\" {Syntax.NameRule}");
        }

        ConfigurationReader.Read(files);
        var path = files.Peer(name);
        ConfigurationChange.Make(files, path, () => ConfigurationWriter.WritePeer(files, new PeerConfiguration { Name = name, Pin = pin, Address = address }));
        Console.WriteLine($"Peer {name} is known now ({path}).");
        return await ConfigurationChange.TakeUpAsync(files, cancellationToken);
    }
}
