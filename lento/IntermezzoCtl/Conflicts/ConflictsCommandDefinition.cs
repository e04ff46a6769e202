// SPDX-License-Identifier: GPL-2.0-or-later
using System.CommandLine;

namespace InterMezzo.Ctl;

internal static class ConflictsCommandDefinition
{
    public static Command Create() => new("conflicts", "What two replicas changed without knowing of each other.") { CreateList() };

    private static Command CreateList()
    {
        var fileset = CommonOptions.AnyFileset();
        var json = CommonOptions.Json();
        var command = new TaughtCommand(
            "list",
            """
            Shows the conflicts: the server's version is in the tree, the other one is kept whole in the conflict store.

            --json prints {"conflicts":[{fileset, reason, when, loser, winner, path, directory, kept, ...}]}. Paths and names are
            text where they are UTF-8; otherwise each byte that isn't printable ASCII, and %, is written %XX, and
            pathEscaped or keptEscaped is true.
            """)
        {
            fileset, json,
        };
        command.SetGuarded((result, cancellationToken) => ConflictsListCommand.RunAsync(
            CommonOptions.Files(result), result.GetValue(fileset) ?? "", result.GetValue(json), cancellationToken));
        return command;
    }
}
