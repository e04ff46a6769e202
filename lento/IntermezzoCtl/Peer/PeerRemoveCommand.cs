// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Configuration;

namespace InterMezzo.Ctl;

internal static class PeerRemoveCommand
{
    public static async Task<int> RunAsync(ConfigurationFiles files, string name, CancellationToken cancellationToken)
    {
        var configuration = ConfigurationReader.Read(files);
        OwnPeers.Find(files, configuration, name);
        if (configuration.Filesets.FirstOrDefault(fileset => fileset.MayRead(name)) is { } fileset)
        {
            throw new ConfigurationException($"peer \"{name}\" takes part in fileset \"{fileset.Name}\": {WayOut(fileset, name)}, then remove the peer");
        }

        var path = files.Peer(name);
        ConfigurationChange.Make(files, path, () => File.Delete(path));
        Console.WriteLine($"Peer {name} is unknown from now on.");
        return await ConfigurationChange.TakeUpAsync(files, cancellationToken);
    }

    private static string WayOut(FilesetConfiguration fileset, string name) => fileset.Server == name
        ? $"it is its server; leave the fileset by `intermezzo-ctl fileset leave {fileset.Name}`"
        : $"take it out by `intermezzo-ctl fileset deny {fileset.Name} --client {name}`";
}
