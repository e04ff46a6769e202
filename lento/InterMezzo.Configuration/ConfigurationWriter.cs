// SPDX-License-Identifier: GPL-2.0-or-later
using System.Text;

namespace InterMezzo.Configuration;

/// <summary>Writes the drop-ins, each whole and at once.</summary>
public static class ConfigurationWriter
{
    public static void WriteNode(ConfigurationFiles files, string name) => Write(
        files.Main,
        $"""
        # InterMezzo's daemon; peers and filesets stand here, or in peers.d and filesets.d beside this file.
        [node]
        name = {TomlText.Quote(name)}
        # state = "/var/lib/intermezzo"
        # listen = "0.0.0.0:2411"          # "none": this machine only connects to others
        # socket = "/run/intermezzo/lento.sock"

        """);

    public static void WritePeer(ConfigurationFiles files, PeerConfiguration peer)
    {
        var text = new StringBuilder("# Written by intermezzo-ctl peer add.\n[[peer]]\n");
        Add(text, "name", peer.Name);
        Add(text, "address", peer.Address);
        Add(text, "pin", peer.Pin);
        Write(files.Peer(peer.Name), text.ToString());
    }

    public static void WriteFileset(ConfigurationFiles files, FilesetConfiguration fileset)
    {
        var text = new StringBuilder("# Written by intermezzo-ctl fileset.\n[[fileset]]\n");
        Add(text, "name", fileset.Name);
        Add(text, "role", Syntax.Text(fileset.Role));
        Add(text, "kind", Syntax.Text(fileset.Kind));
        Add(text, "mount", fileset.Mount);
        Add(text, "device", fileset.Device);
        Add(text, "log", fileset.Log);
        Add(text, "server", fileset.Server);
        Add(text, "clients", fileset.Clients);
        Add(text, "readonly_clients", fileset.ReadonlyClients);
        Add(text, "relays", fileset.Relays);
        if (!fileset.Devices)
        {
            text.Append("devices = false\n");
        }

        if (fileset.Permits)
        {
            text.Append("permits = true\n");
        }

        if (fileset.PermitPatience != FilesetConfiguration.DefaultPatience)
        {
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"permit_patience = {fileset.PermitPatience}\n");
        }

        Add(text, "offline", fileset.Offline == OfflinePolicy.Optimistic ? null : Syntax.Text(fileset.Offline));
        Write(files.Fileset(fileset.Name), text.ToString());
    }

    private static void Add(StringBuilder text, string key, string? value)
    {
        if (value is not null)
        {
            text.Append(key).Append(" = ").Append(TomlText.Quote(value)).Append('\n');
        }
    }

    private static void Add(StringBuilder text, string key, IReadOnlyList<string> values)
    {
        if (values.Count > 0)
        {
            text.Append(key).Append(" = [").AppendJoin(", ", values.Select(TomlText.Quote)).Append("]\n");
        }
    }

    /// <summary>Beside it, then renamed: a daemon that reads meanwhile sees the old file or the new one.</summary>
    private static void Write(string path, string text)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            var fresh = path + ".new";
            File.WriteAllText(fresh, text);
            File.Move(fresh, path, overwrite: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"{path}: can't be written: {exception.Message}");
        }
    }
}
