// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Configuration;

namespace InterMezzo.Ctl;

/// <summary>Filesets that this program wrote and may change; what a person wrote into other files stays his.</summary>
internal static class OwnFilesets
{
    public static FilesetConfiguration Find(ConfigurationFiles files, string name)
    {
        var fileset = ConfigurationReader.Read(files).FindFileset(name)
            ?? throw new ConfigurationException($"there is no fileset \"{name}\"; `intermezzo-ctl fileset list` shows those there are");
        return File.Exists(files.Fileset(name)) ? fileset : throw new ConfigurationException(
            $"fileset \"{name}\" isn't defined in {files.Fileset(name)} but by hand in another file: change it there, then `systemctl reload lento`");
    }

    public static Task<int> ChangeClientsAsync(ConfigurationFiles files, FilesetConfiguration changed, CancellationToken cancellationToken)
    {
        ConfigurationChange.Make(files, files.Fileset(changed.Name), () => ConfigurationWriter.WriteFileset(files, changed));
        Console.WriteLine($"Fileset {changed.Name}: clients {List(changed.Clients)}, read-only clients {List(changed.ReadonlyClients)}.");
        return ConfigurationChange.TakeUpAsync(files, cancellationToken);
    }

    private static string List(IReadOnlyList<string> names) => names.Count == 0 ? "none" : string.Join(", ", names);
}
