// SPDX-License-Identifier: GPL-2.0-or-later
using System.CommandLine;

namespace InterMezzo.Ctl;

internal static class ConflictsCommandDefinition
{
    public static Command Create() => new("conflicts", "What two replicas changed without knowing of each other.")
    {
        CreateList(), CreateShow(), CreateDiff(), CreateResolve(),
    };

    private static Command CreateList()
    {
        var fileset = CommonOptions.AnyFileset();
        var json = CommonOptions.Json();
        var command = new TaughtCommand(
            "list",
            """
            Shows the conflicts: the server's version is in the tree, the other one is kept whole in the conflict store.

            --json prints {"conflicts":[{id, fileset, reason, when, loser, winner, path, directory, kept, ...}]}. Paths and names
            are text where they are UTF-8; otherwise each byte that isn't printable ASCII, and %, is written %XX, and
            pathEscaped or keptEscaped is true.
            """)
        {
            fileset, json,
        };
        command.SetGuarded((result, cancellationToken) => ConflictsListCommand.RunAsync(
            CommonOptions.Files(result), result.GetValue(fileset) ?? "", result.GetValue(json), cancellationToken));
        return command;
    }

    private static Command CreateShow()
    {
        var (id, fileset, json) = (ConflictSymbols.Id(), ConflictSymbols.Fileset(), CommonOptions.Json());
        var command = new TaughtCommand(
            "show",
            """
            Shows one conflict: who, when and why, where it is in the tree, and what is kept of the version that lost.

            --json prints the same; bytes that are no text are told as `conflicts list --help` says.
              intermezzo-ctl conflicts show 5c0ffee1
            """)
        {
            id, fileset, json,
        };
        command.SetGuarded((result, cancellationToken) => ConflictsShowCommand.RunAsync(
            CommonOptions.Files(result), ConflictSymbols.Request(result, fileset, id), result.GetValue(json), cancellationToken));
        return command;
    }

    private static Command CreateDiff()
    {
        var (id, fileset, kept) = (ConflictSymbols.Id(), ConflictSymbols.Fileset(), ConflictSymbols.Kept());
        var command = new TaughtCommand(
            "diff",
            """
            Compares the version in the tree (---) with the kept one (+++), as `diff -u` does.

            Of files that are no text, the sizes are told. Exit code: 0 if the contents are the same, 5 if they differ; 1 to 4 mean
            what they always mean.
              intermezzo-ctl conflicts diff 5c0ffee1
            """)
        {
            id, fileset, kept,
        };
        command.SetGuarded((result, cancellationToken) => ConflictsDiffCommand.RunAsync(
            CommonOptions.Files(result), ConflictSymbols.Request(result, fileset, id), result.GetValue(kept), cancellationToken));
        return command;
    }

    private static Command CreateResolve()
    {
        var (id, fileset, kept, json) = (ConflictSymbols.AnyId(), ConflictSymbols.Fileset(), ConflictSymbols.Kept(), CommonOptions.Json());
        var keep = new Option<string?>("--keep") { Description = "What is to be in the tree.", HelpName = "ours|theirs|both|FILE" };
        keep.CompletionSources.Add("ours", "theirs", "both");
        var merge = new Option<bool>("--merge") { Description = "Has the configured command put both versions together; without ID, of all for which there is one." };
        var command = new TaughtCommand(
            "resolve",
            """
            Ends a conflict: the tree becomes what --keep says, and what was kept goes.

              --keep ours     what is in the tree stays
              --keep theirs   the kept version takes its place in the tree: of a file that is there its content (mode, owner and
                              xattrs of both sides are together there already), of all else the whole object; if no version
                              is kept but an update that was not applied (a mode, a name, a removal), it is done now
              --keep both     the kept version enters beside it, as NAME.conflict-MACHINE-ID.ENDING
              --keep FILE     the content of FILE becomes the content, as of a merge made by hand; a file of one of these three
                              names is written ./ours
              --merge         the content is what the command of the first [[merge]] prints whose pattern the file matches, if it
                              ends with 0; otherwise the conflict stays, and it is told why

            What enters the tree is changed by this program, with the rights of whoever calls it, and goes to the other replicas
            like any change of a program. What was kept is removed only after that is durable, here and where others keep the
            same; interrupted, the command can be given again. In a plain directory, whose changes reach nobody, only --keep ours
            is done.
            --json prints {id, fileset, keep, done, paths, pathsEscaped}, done being what was done to the tree; with --merge
            {"merged":[{id, fileset, path, pathEscaped}],"open":[{..., reason}]}.
              intermezzo-ctl conflicts resolve 5c0ffee1 --keep both
            """)
        {
            id, fileset, keep, merge, kept, json,
        };
        command.Validators.Add(result =>
        {
            var (hasId, hasKeep) = (result.GetValue(id) is { Length: > 0 }, result.GetValue(keep) is not null);
            if (hasKeep == result.GetValue(merge))
            {
                result.AddError("give one of --keep and --merge");
            }
            else if (hasKeep && !hasId)
            {
                result.AddError("--keep needs an ID: `intermezzo-ctl conflicts list` shows them");
            }
            else if (!hasId && result.GetValue(kept) is not null)
            {
                result.AddError("--kept needs an ID: `intermezzo-ctl conflicts list` shows them");
            }
        });
        command.SetGuarded((result, cancellationToken) => result.GetValue(merge)
            ? ConflictsMergeCommand.RunAsync(
                CommonOptions.Files(result), new MergePlan(ConflictSymbols.Request(result, fileset, id), result.GetValue(kept)), result.GetValue(json), cancellationToken)
            : ConflictsResolveCommand.RunAsync(
                CommonOptions.Files(result),
                new ResolvePlan(ConflictSymbols.Request(result, fileset, id), result.GetValue(keep)!, result.GetValue(kept)),
                result.GetValue(json),
                cancellationToken));
        return command;
    }
}
