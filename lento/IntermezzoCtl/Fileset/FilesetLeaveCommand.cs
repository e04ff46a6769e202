// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Configuration;

namespace InterMezzo.Ctl;

internal static class FilesetLeaveCommand
{
    public static async Task<int> RunAsync(ConfigurationFiles files, string name, CancellationToken cancellationToken)
    {
        var fileset = OwnFilesets.Find(files, name);
        var path = files.Fileset(name);
        ConfigurationChange.Make(files, path, () => File.Delete(path));
        Console.WriteLine($"Fileset {name} is left; its files stay in {fileset.Mount}.");
        return await ConfigurationChange.TakeUpAsync(files, cancellationToken);
    }
}
