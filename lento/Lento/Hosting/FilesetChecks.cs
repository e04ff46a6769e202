// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Configuration;

namespace InterMezzo.Lento.Hosting;

/// <summary>Looks whether a fileset's paths are there, so that the usual mistakes are told by the key that holds them.</summary>
internal static class FilesetChecks
{
    public static void Check(FilesetConfiguration fileset)
    {
        if (fileset.Device is { } device && !File.Exists(device))
        {
            throw Error(fileset, "device", device,
                "there is no such device; load the module (`modprobe intermezzo`), and mount the fileset with this prestodev=");
        }

        if (!Directory.Exists(fileset.Mount))
        {
            throw Error(fileset, "mount", fileset.Mount, "there is no such directory; make it, and mount the fileset there");
        }

        if (fileset.Log is { } log && !File.Exists(log))
        {
            throw Error(fileset, "log", log, "there is no such journal file");
        }
    }

    /// <summary>How it should be, for what the system says that isn't so.</summary>
    public static string HintOf(FilesetConfiguration fileset) => fileset.Kind == FilesetKind.Presto
        ? $"; it has to be mounted: `mount -t intermezzo -o fileset={fileset.Name},cache_type=TYPE,prestodev={fileset.Device} BLOCKDEVICE {fileset.Mount}`"
        : "";

    private static ConfigurationException Error(FilesetConfiguration fileset, string key, string value, string message) =>
        new($"fileset \"{fileset.Name}\": fileset.{key} = \"{value}\": {message}");
}
