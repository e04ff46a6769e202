// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Configuration;

namespace InterMezzo.Ctl;

internal static class FilesetAllowCommand
{
    public static async Task<int> RunAsync(
        ConfigurationFiles files, string name, string[] clients, string[] readonlyClients, CancellationToken cancellationToken)
    {
        var fileset = OwnFilesets.Find(files, name);
        var changed = fileset with
        {
            Clients = [.. fileset.Clients.Except(readonlyClients).Union(clients)],
            ReadonlyClients = [.. fileset.ReadonlyClients.Except(clients).Union(readonlyClients)],
        };
        ConfigurationChange.Make(files, files.Fileset(name), () => ConfigurationWriter.WriteFileset(files, changed));
        Console.WriteLine($"Fileset {name}: clients {List(changed.Clients)}, read-only clients {List(changed.ReadonlyClients)}.");
        return await ConfigurationChange.TakeUpAsync(files, cancellationToken);
    }

    private static string List(IReadOnlyList<string> names) => names.Count == 0 ? "none" : string.Join(", ", names);
}
