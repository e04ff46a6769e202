// SPDX-License-Identifier: GPL-2.0-or-later
using System.CommandLine;

namespace InterMezzo.Ctl;

internal static class SyncCommandDefinition
{
    public static Command Create()
    {
        var fileset = CommonOptions.AnyFileset();
        var wait = new Option<bool>("--wait") { Description = "Until it is so; a client without its server waits for it." };
        var timeout = new Option<double?>("--timeout") { Description = "With --wait: give up after so long.", HelpName = "SECONDS" };
        var json = CommonOptions.Json();
        timeout.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<double?>() is not (null or > 0 and <= 2_000_000))
            {
                result.AddError("--timeout must be a number of seconds, more than 0 and at most 2000000");
            }
        });
        var command = new TaughtCommand(
            "sync",
            """
            Tells whether all replicas that can be reached have all that was done until now, durably.

            At a client: the server has what was done here, and what the server had is here. At a server: all clients that
            are connected have what is here. A server that keeps no journal (a plain directory) can't tell what has changed
            there: then the tree is in sync as of the last comparison, and it is said when that was.
              intermezzo-ctl sync                          how it is now
              intermezzo-ctl sync --wait --timeout 60      exit code 3 if it isn't so after a minute
            """)
        {
            fileset, wait, timeout, json,
        };
        command.SetGuarded((result, cancellationToken) => SyncCommand.RunAsync(
            CommonOptions.Files(result),
            new SyncPlan(result.GetValue(fileset) ?? "", result.GetValue(wait), result.GetValue(timeout)),
            result.GetValue(json),
            cancellationToken));
        return command;
    }
}
