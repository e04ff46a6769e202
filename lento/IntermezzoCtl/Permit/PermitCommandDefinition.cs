// SPDX-License-Identifier: GPL-2.0-or-later
using System.CommandLine;
using InterMezzo.Protocol.Control;

namespace InterMezzo.Ctl;

internal static class PermitCommandDefinition
{
    public static Command Create() => new TaughtCommand(
        "permit",
        """
        The write permit of a fileset, if its server has them turned on (fileset create --permits): while they are connected, one
        machine at a time writes, and has all that the others wrote before. Programs ask for it by themselves, and wait.
        """)
    {
        CreateShow(),
        CreateAction("release", PermitRequest.Types.Action.Release, "Gives it back, at the machine that has it. Programs that write ask for it again."),
        CreateAction(
            "break",
            PermitRequest.Types.Action.Break,
            "Takes it from the machine that has it, at the server, without asking that one: what it writes meanwhile is merged as if it had been out of reach."),
    };

    private static Command CreateShow()
    {
        var (fileset, json) = (CommonOptions.ExistingFileset(), CommonOptions.Json());
        var command = new TaughtCommand(
            "show",
            """
            Who has it. A client knows only whether it has it itself; the server knows the holder, for how long, and who waits for it.
            --json prints holder (a name, or null), here, heldMs, wanting.

              intermezzo-ctl permit show home
            """)
        {
            fileset, json,
        };
        command.SetGuarded((result, cancellationToken) => PermitCommand.RunAsync(
            CommonOptions.Files(result), result.GetValue(fileset)!, PermitRequest.Types.Action.Show, result.GetValue(json), cancellationToken));
        return command;
    }

    private static Command CreateAction(string name, PermitRequest.Types.Action action, string help)
    {
        var fileset = CommonOptions.ExistingFileset();
        var command = new TaughtCommand(name, help) { fileset };
        command.SetGuarded((result, cancellationToken) =>
            PermitCommand.RunAsync(CommonOptions.Files(result), result.GetValue(fileset)!, action, json: false, cancellationToken));
        return command;
    }
}
