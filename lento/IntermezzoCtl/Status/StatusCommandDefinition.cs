// SPDX-License-Identifier: GPL-2.0-or-later
using System.CommandLine;

namespace InterMezzo.Ctl;

internal static class StatusCommandDefinition
{
    public static Command Create()
    {
        var watch = new Option<bool>("--watch") { Description = "Again each second, until interrupted; with --json a line each time." };
        var json = CommonOptions.Json();
        var command = new TaughtCommand(
            "status",
            """
            Shows how lento and its filesets are: who is connected, what was sent and received, what is on its way.

            A fileset is serving (a server), following (a client, connected), joining (a client that receives its first tree),
            disconnected (a client without its server: work goes on here, and is sent later) or failed (something is wrong here,
            as a full disk; the reason is shown, and it is tried again by itself).
            """)
        {
            watch, json,
        };
        command.SetGuarded((result, cancellationToken) =>
            StatusCommand.RunAsync(CommonOptions.Files(result), result.GetValue(watch), result.GetValue(json), cancellationToken));
        return command;
    }
}
