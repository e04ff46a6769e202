// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Configuration;

namespace InterMezzo.Ctl;

/// <summary>What creating and joining have in common.</summary>
internal sealed record FilesetPlan(string Name, string Mount, string? Device, string? Log, bool Devices)
{
    public FilesetConfiguration As(FilesetRole role) => new()
    {
        Name = Name,
        Role = role,
        Kind = Device is not null ? FilesetKind.Presto : Log is not null ? FilesetKind.Kml : FilesetKind.Plain,
        Mount = Path.GetFullPath(Mount),
        Device = Device,
        Log = Log is null ? null : Path.GetFullPath(Log),
        Devices = Devices,
    };
}

internal static class FilesetAddCommand
{
    public static Task<int> CreateAsync(
        ConfigurationFiles files, FilesetPlan plan, string[] clients, string[] readonlyClients, string[] relays, bool permits, CancellationToken cancellationToken) =>
        AddAsync(
            files,
            plan.As(FilesetRole.Server) with { Clients = [.. clients.Union(relays)], ReadonlyClients = readonlyClients, Relays = relays, Permits = permits },
            cancellationToken);

    public static Task<int> JoinAsync(ConfigurationFiles files, FilesetPlan plan, string server, string? offline, CancellationToken cancellationToken) =>
        AddAsync(
            files,
            plan.As(FilesetRole.Client) with
            {
                Server = server,
                Offline = offline is null ? OfflinePolicy.Optimistic : Syntax.ParseOffline(offline)
                    ?? throw new ConfigurationException($"--offline {offline}: must be optimistic, readonly or permit"),
            },
            cancellationToken);

    private static async Task<int> AddAsync(ConfigurationFiles files, FilesetConfiguration fileset, CancellationToken cancellationToken)
    {
        if (!Syntax.IsName(fileset.Name))
        {
            throw new ConfigurationException($"the name \"{fileset.Name}\" {Syntax.NameRule}");
        }

        if (ConfigurationReader.Read(files).FindFileset(fileset.Name) is not null)
        {
            throw new ConfigurationException($"there is a fileset \"{fileset.Name}\" here already; `intermezzo-ctl fileset leave {fileset.Name}` ends it");
        }

        var path = files.Fileset(fileset.Name);
        ConfigurationChange.Make(files, path, () => ConfigurationWriter.WriteFileset(files, fileset));
        Console.WriteLine(fileset.Role == FilesetRole.Server
            ? $"Fileset {fileset.Name} is served here from {fileset.Mount} ({path})."
            : $"Fileset {fileset.Name} of {fileset.Server} is joined here at {fileset.Mount} ({path}).");
        return await ConfigurationChange.TakeUpAsync(files, cancellationToken);
    }
}
