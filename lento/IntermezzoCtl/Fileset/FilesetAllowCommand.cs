// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Configuration;

namespace InterMezzo.Ctl;

internal static class FilesetAllowCommand
{
    public static Task<int> RunAsync(
        ConfigurationFiles files, string name, string[] clients, string[] readonlyClients, string[] relays, CancellationToken cancellationToken)
    {
        var fileset = OwnFilesets.Find(files, name);
        var changed = fileset with
        {
            Clients = [.. fileset.Clients.Except(readonlyClients).Union(clients).Union(relays)],
            ReadonlyClients = [.. fileset.ReadonlyClients.Except(clients).Except(relays).Union(readonlyClients)],
            Relays = [.. fileset.Relays.Except(readonlyClients).Except(clients).Union(relays)],
        };
        return OwnFilesets.ChangeClientsAsync(files, changed, cancellationToken);
    }
}
