// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Configuration;

/// <summary>Checks what values say of each other.</summary>
internal static class References
{
    public static void Check(LentoConfiguration configuration, IReadOnlyDictionary<string, TomlSection> sections)
    {
        foreach (var fileset in configuration.Filesets)
        {
            var section = sections[fileset.Name];
            CheckKind(fileset, section);
            CheckRole(fileset, section, configuration);
        }

        CheckPins(configuration);
        CheckShared(configuration, sections, "mount", fileset => fileset.Mount);
        CheckShared(configuration, sections, "device", fileset => fileset.Device);
    }

    public static void CheckMerge(LentoConfiguration configuration, TomlSection section, MergeConfiguration merge)
    {
        if (merge.Fileset is { } name && configuration.FindFileset(name) is null)
        {
            throw section.Error("fileset", $"there is no fileset \"{name}\"; without this key it is for all filesets");
        }
    }

    private static void CheckKind(FilesetConfiguration fileset, TomlSection section)
    {
        Require(fileset.Kind == FilesetKind.Presto, "device", "the presto device that the fileset is mounted with, as \"/dev/intermezzo0\"");
        Require(fileset.Kind == FilesetKind.Kml, "log", "the journal file");

        void Require(bool wanted, string key, string what)
        {
            if (wanted && !section.Has(key))
            {
                throw section.Error($"fileset.{key} is missing: {what} (fileset \"{fileset.Name}\", kind \"{Syntax.Text(fileset.Kind)}\")");
            }

            if (!wanted && section.Has(key))
            {
                throw section.Error(key, $"a fileset of kind \"{Syntax.Text(fileset.Kind)}\" has none; remove it, or change fileset.kind");
            }
        }
    }

    private static void CheckRole(FilesetConfiguration fileset, TomlSection section, LentoConfiguration configuration)
    {
        foreach (var key in (ReadOnlySpan<string>)["permits", "permit_patience", "offline"])
        {
            if (fileset.Kind != FilesetKind.Presto)
            {
                Refuse(section, key, "only a mount of the kernel module can keep programs from writing; remove it, or set fileset.kind = \"presto\"");
            }
        }

        if (fileset.Role == FilesetRole.Server)
        {
            Refuse(section, "offline", "a server has nobody to be without; remove it, or set fileset.role = \"client\"");
            Refuse(section, "server", "a server has none; remove it, or set fileset.role = \"client\"");
            CheckClients(fileset, section, configuration);
            return;
        }

        Refuse(section, "permits", "its server decides that; remove it, or set fileset.role = \"server\"");
        Refuse(section, "permit_patience", "its server decides that; remove it, or set fileset.role = \"server\"");
        foreach (var key in (ReadOnlySpan<string>)["clients", "readonly_clients", "relays"])
        {
            if (fileset.Kind != FilesetKind.Presto)
            {
                Refuse(section, key, "a client without a journal can't serve others; remove it, or set fileset.kind = \"presto\"");
            }
        }

        CheckClients(fileset, section, configuration);
        if (fileset.Serves && fileset.Offline != OfflinePolicy.Optimistic)
        {
            throw section.Error("offline", "this client serves others, who write on without its server; remove it, or fileset.clients");
        }

        if (fileset.Kind == FilesetKind.Kml)
        {
            throw section.Error("kind", "\"kml\" is only served: it needs fileset.role = \"server\"");
        }

        var server = section.RequiredText("server", "the name of the peer that serves the fileset");
        var peer = configuration.FindPeer(server) ?? throw section.Error("server", UnknownPeer(server));
        if (peer.Address is null)
        {
            throw section.Error("server", $"peer \"{server}\" has no address to connect to; add peer.address = \"host:2411\"");
        }
    }

    private static void CheckClients(FilesetConfiguration fileset, TomlSection section, LentoConfiguration configuration)
    {
        CheckPeers(section, "clients", fileset.Clients, configuration);
        CheckPeers(section, "readonly_clients", fileset.ReadonlyClients, configuration);
        if (fileset.Clients.Intersect(fileset.ReadonlyClients).FirstOrDefault() is { } both)
        {
            throw section.Error("readonly_clients", $"\"{both}\" is in fileset.clients too; remove it from one of the two");
        }

        if (fileset.Relays.Except(fileset.Clients).FirstOrDefault() is { } stranger)
        {
            throw section.Error("relays", $"\"{stranger}\" isn't in fileset.clients; only a client that may write can pass on what others write");
        }

        if (fileset.AllClients.Contains(fileset.Server))
        {
            throw section.Error("server", $"\"{fileset.Server}\" can't be a client, too; remove it from one of the two");
        }
    }

    private static void CheckPeers(TomlSection section, string key, IReadOnlyList<string> names, LentoConfiguration configuration)
    {
        if (names.FirstOrDefault(name => configuration.FindPeer(name) is null) is { } unknown)
        {
            throw section.Error(key, UnknownPeer(unknown));
        }
    }

    /// <summary>One key, one peer: a key's rights must not depend on which of two entries is found first.</summary>
    private static void CheckPins(LentoConfiguration configuration)
    {
        if (configuration.Peers.GroupBy(peer => peer.Pin).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            var names = string.Join("\" and \"", twice.Select(peer => peer.Name));
            throw new ConfigurationException($"peers \"{names}\" have the same pin {twice.Key}; each machine has a key of its own: remove one of them");
        }
    }

    private static void CheckShared(
        LentoConfiguration configuration, IReadOnlyDictionary<string, TomlSection> sections, string key, Func<FilesetConfiguration, string?> value)
    {
        foreach (var group in configuration.Filesets.Where(fileset => value(fileset) is not null).GroupBy(value).Where(group => group.Count() > 1))
        {
            var (first, second) = (group.First(), group.ElementAt(1));
            throw sections[second.Name].Error(key, $"\"{group.Key}\" belongs to fileset \"{first.Name}\" already; each fileset has its own");
        }
    }

    private static void Refuse(TomlSection section, string key, string message)
    {
        if (section.Has(key))
        {
            throw section.Error(key, message);
        }
    }

    private static string UnknownPeer(string name) =>
        $"there is no peer \"{name}\"; add it with `intermezzo-ctl peer add {(Syntax.IsName(name) ? name : "NAME")} --pin PIN`";
}
