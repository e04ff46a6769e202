// SPDX-License-Identifier: GPL-2.0-or-later
using System.CommandLine;

namespace InterMezzo.Ctl;

internal static class FilesetCommandDefinition
{
    public static Command Create() => new TaughtCommand(
        "fileset",
        """
        The replicated trees of this machine. Each is ordered by one server; its clients follow it and send it what they do.

        With --device, the tree is a mount of the kernel module, which journals every update:
          mount -t intermezzo -o fileset=home,prestodev=/dev/intermezzo0 /srv/home /home
        Without it, the tree is a plain directory: a client that only receives, or a server that only gives.
        """)
    {
        CreateCreate(), CreateJoin(), CreateAllow(), CreateDeny(), CreateLeave(), CreateList(),
    };

    private static Argument<string> NewName() => new("fileset") { Description = "Its name, the same on all machines." };

    private static Option<string> Mount() => new("--mount") { Description = "The directory where the tree is.", HelpName = "DIRECTORY", Required = true };

    private static Option<string?> Device() => new("--device") { Description = "The presto device that it is mounted with.", HelpName = "/dev/intermezzoN" };

    private static Option<bool> NoDevices() => new("--no-devices") { Description = "Don't make device nodes here that peers make." };

    private static Option<string[]> Clients() => CommonOptions.WithPeers(new Option<string[]>("--client")
    {
        Description = "A peer that may read and write it; may be given several times.",
        HelpName = "PEER",
    });

    private static Option<string[]> ReadonlyClients() => CommonOptions.WithPeers(new Option<string[]>("--readonly-client")
    {
        Description = "A peer that may read it; may be given several times.",
        HelpName = "PEER",
    });

    private static Option<string[]> Relays() => CommonOptions.WithPeers(new Option<string[]>("--relay")
    {
        Description = "A peer that may read and write it, and pass on what clients of its own do; may be given several times.",
        HelpName = "PEER",
    });

    private static Command CreateCreate()
    {
        var (name, mount, device, noDevices, clients, readonlyClients, relays) = (NewName(), Mount(), Device(), NoDevices(), Clients(), ReadonlyClients(), Relays());
        var log = new Option<string?>("--log") { Description = "A journal file kept by somebody else, beside a plain directory.", HelpName = "PATH" };
        var permits = new Option<bool>("--permits") { Description = "While they are connected, one machine at a time writes; needs --device." };
        var command = new TaughtCommand(
            "create",
            """
            Offers a tree to other machines: this machine becomes its server.

              intermezzo-ctl fileset create home --mount /home --device /dev/intermezzo0 --client t21
              intermezzo-ctl fileset create pub --mount /srv/pub --readonly-client t21
            """)
        {
            name, mount, device, log, clients, readonlyClients, relays, permits, noDevices,
        };
        command.SetGuarded((result, cancellationToken) => FilesetAddCommand.CreateAsync(
            CommonOptions.Files(result),
            new FilesetPlan(result.GetValue(name)!, result.GetValue(mount)!, result.GetValue(device), result.GetValue(log), !result.GetValue(noDevices)),
            result.GetValue(clients) ?? [],
            result.GetValue(readonlyClients) ?? [],
            result.GetValue(relays) ?? [],
            result.GetValue(permits),
            cancellationToken));
        return command;
    }

    private static Command CreateJoin()
    {
        var (name, mount, device, noDevices) = (NewName(), Mount(), Device(), NoDevices());
        var server = CommonOptions.WithPeers(new Option<string>("--server") { Description = "The peer that serves it.", HelpName = "PEER", Required = true });
        var offline = new Option<string?>("--offline")
        {
            Description = "What programs may do without the server: optimistic (all, the default), readonly, permit (all if it had the permit).",
            HelpName = "POLICY",
        };
        offline.AcceptOnlyFromAmong("optimistic", "readonly", "permit");
        var command = new TaughtCommand(
            "join",
            """
            Takes part in a tree of another machine. It is received whole, then followed; what is in the directory already is
            adopted where it is equal, and kept as a conflict where it isn't.

              intermezzo-ctl fileset join home --server qube --mount /home --device /dev/intermezzo0
              intermezzo-ctl sync --wait
            """)
        {
            name, server, mount, device, offline, noDevices,
        };
        command.SetGuarded((result, cancellationToken) => FilesetAddCommand.JoinAsync(
            CommonOptions.Files(result),
            new FilesetPlan(result.GetValue(name)!, result.GetValue(mount)!, result.GetValue(device), null, !result.GetValue(noDevices)),
            result.GetValue(server)!,
            result.GetValue(offline),
            cancellationToken));
        return command;
    }

    private static Command CreateAllow()
    {
        var (name, clients, readonlyClients, relays) = (CommonOptions.ExistingFileset(), Clients(), ReadonlyClients(), Relays());
        var command = new TaughtCommand(
            "allow",
            """
            Lets further machines take part in a tree, with this machine as their server. It may be a client itself, once it has joined
            its own server: there it has to be allowed with --relay.

              intermezzo-ctl fileset allow home --client x40
            """)
        {
            name, clients, readonlyClients, relays,
        };
        command.SetGuarded((result, cancellationToken) => FilesetAllowCommand.RunAsync(
            CommonOptions.Files(result), result.GetValue(name)!, result.GetValue(clients) ?? [], result.GetValue(readonlyClients) ?? [], result.GetValue(relays) ?? [], cancellationToken));
        return command;
    }

    private static Command CreateDeny()
    {
        var name = CommonOptions.ExistingFileset();
        var clients = CommonOptions.WithPeers(new Option<string[]>("--client")
        {
            Description = "A peer that reads or writes it; may be given several times.",
            HelpName = "PEER",
            Required = true,
        });
        var command = new TaughtCommand(
            "deny",
            """
            Lets machines no longer take part in a tree that is served here. What they have stays with them, what they made is kept.

              intermezzo-ctl fileset deny home --client x40
            """)
        {
            name, clients,
        };
        command.SetGuarded((result, cancellationToken) => FilesetDenyCommand.RunAsync(
            CommonOptions.Files(result), result.GetValue(name)!, result.GetValue(clients)!, cancellationToken));
        return command;
    }

    private static Command CreateLeave()
    {
        var name = CommonOptions.ExistingFileset();
        var command = new TaughtCommand("leave", "Ends the part that this machine takes in a tree. Its files stay, and so does its journal.") { name };
        command.SetGuarded((result, cancellationToken) =>
            FilesetLeaveCommand.RunAsync(CommonOptions.Files(result), result.GetValue(name)!, cancellationToken));
        return command;
    }

    private static Command CreateList()
    {
        var json = CommonOptions.Json();
        var command = new TaughtCommand("list", "Shows the trees that are configured here; `status` shows how they are.") { json };
        command.SetGuarded((result, _) => Task.FromResult(FilesetListCommand.Run(CommonOptions.Files(result), result.GetValue(json))));
        return command;
    }
}
