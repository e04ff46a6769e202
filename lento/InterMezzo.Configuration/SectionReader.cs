// SPDX-License-Identifier: GPL-2.0-or-later
using System.Net;

namespace InterMezzo.Configuration;

/// <summary>Makes records of sections; checks each value by itself.</summary>
internal static class SectionReader
{
    public static NodeConfiguration Node(TomlSection section)
    {
        section.RefuseOthers("name", "state", "listen", "socket");
        var defaults = new NodeConfiguration();
        return new NodeConfiguration
        {
            Name = section.Text("name") is { } name ? Syntax.CheckName(section, name) : defaults.Name,
            State = PathOf(section, "state") ?? defaults.State,
            Listen = section.Text("listen") is { } listen ? ListenOf(section, listen) : defaults.Listen,
            Socket = PathOf(section, "socket") ?? defaults.Socket,
        };
    }

    public static PeerConfiguration Peer(TomlSection section)
    {
        section.RefuseOthers("name", "address", "pin");
        return new PeerConfiguration
        {
            Name = NameOf(section),
            Address = section.Text("address") is { } address ? AddressOf(section, address) : null,
            Pin = PinOf(section),
        };
    }

    public static FilesetConfiguration Fileset(TomlSection section)
    {
        section.RefuseOthers("name", "role", "kind", "mount", "device", "log", "server", "clients", "readonly_clients", "relays", "devices", "permits", "permit_patience", "offline");
        return new FilesetConfiguration
        {
            Name = NameOf(section),
            Role = Syntax.ParseRole(section.RequiredText("role", "\"server\" or \"client\""))
                ?? throw section.Error("role", "must be \"server\" or \"client\""),
            Kind = section.Text("kind") is { } kind
                ? Syntax.ParseKind(kind) ?? throw section.Error("kind", "must be \"presto\", \"plain\" or \"kml\"")
                : FilesetKind.Presto,
            Mount = PathOf(section, "mount") ?? throw section.Error("fileset.mount is missing: the directory where the tree is"),
            Device = PathOf(section, "device"),
            Log = PathOf(section, "log"),
            Server = section.Text("server"),
            Clients = section.List("clients"),
            ReadonlyClients = section.List("readonly_clients"),
            Relays = section.List("relays"),
            Devices = section.Flag("devices") ?? true,
            Permits = section.Flag("permits") ?? false,
            PermitPatience = section.Number("permit_patience") is not { } patience ? FilesetConfiguration.DefaultPatience
                : patience is >= 1 and <= 300 ? (int)patience
                : throw section.Error("permit_patience", "must be 1 to 300 (seconds)"),
            Offline = section.Text("offline") is not { } offline ? OfflinePolicy.Optimistic
                : Syntax.ParseOffline(offline) ?? throw section.Error("offline", "must be \"optimistic\", \"readonly\" or \"permit\""),
        };
    }

    public static MergeConfiguration Merge(TomlSection section)
    {
        section.RefuseOthers("pattern", "command", "fileset", "timeout");
        return new MergeConfiguration
        {
            Fileset = section.Text("fileset"),
            Pattern = new NamePattern(section.RequiredText("pattern", "which files, as \"*.org\" or \"notes/**\"")),
            Command = CommandOf(section),
            Timeout = section.Number("timeout") is not { } timeout ? MergeConfiguration.DefaultTimeout
                : timeout is >= 1 and <= 3600 ? (int)timeout
                : throw section.Error("timeout", "must be 1 to 3600 (seconds)"),
        };
    }

    private static IReadOnlyList<string> CommandOf(TomlSection section)
    {
        var command = section.List("command");
        if (command.Count == 0)
        {
            throw section.Error("merge.command is missing: a program and its arguments, as [\"/usr/bin/git\", \"merge-file\", \"-p\", \"%ours\", \"%base\", \"%theirs\"]");
        }

        if (!Path.IsPathFullyQualified(command[0]))
        {
            throw section.Error("command", $"\"{command[0]}\" must be the program's absolute path: no shell looks for it");
        }

        foreach (var version in (ReadOnlySpan<string>)[MergeConfiguration.Ours, MergeConfiguration.Theirs])
        {
            if (!command.Skip(1).Any(argument => argument.Contains(version, StringComparison.Ordinal)))
            {
                throw section.Error("command", $"no argument has {version}: the program must be given both versions");
            }
        }

        return command;
    }

    private static string NameOf(TomlSection section) => Syntax.CheckName(section, section.RequiredText("name", "a short name for it"));

    private static string? PathOf(TomlSection section, string key) => section.Text(key) switch
    {
        null => null,
        var path when Path.IsPathFullyQualified(path) => path,
        var path => throw section.Error(key, $"\"{path}\" must be an absolute path, as \"/{path}\""),
    };

    private static IPEndPoint? ListenOf(TomlSection section, string listen) =>
        listen == "none" ? null
        : Syntax.SplitAddress(listen) is var (host, port) && IPAddress.TryParse(host, out var address) ? new IPEndPoint(address, port)
        : throw section.Error("listen", $"\"{listen}\" must be address:port, as \"0.0.0.0:2411\" or \"[::]:2411\", or \"none\"");

    private static string AddressOf(TomlSection section, string address) =>
        Syntax.SplitAddress(address) is null
            ? throw section.Error("address", $"\"{address}\" must be host:port, as \"qube.example.org:2411\" or \"[2001:db8::1]:2411\"")
            : address;

    private static string PinOf(TomlSection section)
    {
        var pin = section.RequiredText("pin", "what `intermezzo-ctl init --show-pin` prints on that machine");
        return Syntax.IsPin(pin) ? pin
            : throw section.Error("pin", $"\"{pin}\" must be 64 lower-case hex digits: what `intermezzo-ctl init --show-pin` prints on that machine");
    }
}
