// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Configuration;

namespace InterMezzo.Ctl;

internal static class FilesetDenyCommand
{
    public static Task<int> RunAsync(ConfigurationFiles files, string name, string[] clients, CancellationToken cancellationToken)
    {
        var fileset = OwnFilesets.Find(files, name);
        if (clients.FirstOrDefault(client => fileset.Server == client || !fileset.MayRead(client)) is { } stranger)
        {
            throw new ConfigurationException($"peer \"{stranger}\" is no client of fileset \"{name}\"; `intermezzo-ctl fileset list` shows who is");
        }

        var changed = fileset with
        {
            Clients = [.. fileset.Clients.Except(clients)],
            ReadonlyClients = [.. fileset.ReadonlyClients.Except(clients)],
            Relays = [.. fileset.Relays.Except(clients)],
        };
        return OwnFilesets.ChangeClientsAsync(files, changed, cancellationToken);
    }
}
