// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Configuration;

namespace InterMezzo.Ctl;

internal static class FilesetListCommand
{
    public static int Run(ConfigurationFiles files, bool json)
    {
        var filesets = ConfigurationReader.Read(files).Filesets;
        if (json)
        {
            CtlJson.Print(new FilesetsOutput([.. filesets.Select(FilesetOutput.Of)]), CtlJson.Default.FilesetsOutput);
            return ExitCode.Done;
        }

        var table = new TextTable("FILESET", "ROLE", "KIND", "MOUNT", "DEVICE", "PEERS");
        foreach (var fileset in filesets)
        {
            table.Add(
                fileset.Name, Syntax.Text(fileset.Role), Syntax.Text(fileset.Kind), fileset.Mount, fileset.Device ?? "-", Peers(fileset));
        }

        table.WriteTo(Console.Out);
        return ExitCode.Done;
    }

    private static string Peers(FilesetConfiguration fileset)
    {
        var peers = new List<string>();
        if (fileset.Server is { } server)
        {
            peers.Add(fileset.Serves ? server + " (server)" : server);
        }

        peers.AddRange(fileset.Clients.Select(name => fileset.Relays.Contains(name) ? name + " (passes on)" : name));
        peers.AddRange(fileset.ReadonlyClients.Select(name => name + " (reads)"));
        return string.Join(", ", peers.DefaultIfEmpty("-"));
    }
}

internal sealed record FilesetsOutput(IReadOnlyList<FilesetOutput> Filesets);

internal sealed record FilesetOutput(
    string Name, string Role, string Kind, string Mount, string? Device, string? Log, string? Server,
    IReadOnlyList<string> Clients, IReadOnlyList<string> ReadonlyClients, IReadOnlyList<string> Relays, bool Devices)
{
    public static FilesetOutput Of(FilesetConfiguration fileset) => new(
        fileset.Name, Syntax.Text(fileset.Role), Syntax.Text(fileset.Kind), fileset.Mount, fileset.Device, fileset.Log, fileset.Server,
        fileset.Clients, fileset.ReadonlyClients, fileset.Relays, fileset.Devices);
}
