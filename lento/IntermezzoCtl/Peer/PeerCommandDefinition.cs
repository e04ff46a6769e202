// SPDX-License-Identifier: GPL-2.0-or-later
using System.CommandLine;

namespace InterMezzo.Ctl;

internal static class PeerCommandDefinition
{
    public static Command Create() => new("peer", "The machines that this one knows.") { CreateAdd(), CreateRemove(), CreateList() };

    private static Command CreateAdd()
    {
        var name = new Argument<string>("name") { Description = "How it is called here." };
        var pin = new Option<string>("--pin") { Description = "What `intermezzo-ctl init --show-pin` prints there.", HelpName = "PIN", Required = true };
        var address = new Option<string?>("--address") { Description = "Where it listens; needed only for a server that is joined from here.", HelpName = "HOST:PORT" };
        var command = new TaughtCommand(
            "add",
            """
            Lets another machine in, by its key. Of a machine that is known already, key and address are replaced.

              intermezzo-ctl peer add qube --pin 3f...c2 --address qube.example.org:2411
            """)
        {
            name, pin, address,
        };
        command.SetGuarded((result, cancellationToken) => PeerAddCommand.RunAsync(
            CommonOptions.Files(result), result.GetValue(name)!, result.GetValue(pin)!, result.GetValue(address), cancellationToken));
        return command;
    }

    private static Command CreateRemove()
    {
        var name = CommonOptions.ExistingPeer();
        var command = new TaughtCommand(
            "remove",
            """
            Forgets another machine: its key is let in no more.

            It must not take part in a fileset here any more; its filesets and their files stay as they are on both sides.
              intermezzo-ctl fileset deny home --client t21      a client: first take it out of each fileset
              intermezzo-ctl fileset leave home                  a server: first leave what was joined from it
              intermezzo-ctl peer remove t21
            """)
        {
            name,
        };
        command.SetGuarded((result, cancellationToken) =>
            PeerRemoveCommand.RunAsync(CommonOptions.Files(result), result.GetValue(name)!, cancellationToken));
        return command;
    }

    private static Command CreateList()
    {
        var json = CommonOptions.Json();
        var command = new TaughtCommand("list", "Shows the machines that are known, and their keys.") { json };
        command.SetGuarded((result, _) => Task.FromResult(PeerListCommand.Run(CommonOptions.Files(result), result.GetValue(json))));
        return command;
    }
}
