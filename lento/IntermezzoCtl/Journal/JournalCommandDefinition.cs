// SPDX-License-Identifier: GPL-2.0-or-later
using System.CommandLine;

namespace InterMezzo.Ctl;

internal static class JournalCommandDefinition
{
    public static Command Create() => new("journal", "What the kernel module has journaled, record by record.")
    {
        Create("show", "Shows the journal as far as it goes.", follow: false),
        Create("follow", "Shows the journal, and each new record as it comes, until interrupted.", follow: true),
    };

    private static Command Create(string verb, string what, bool follow)
    {
        var fileset = CommonOptions.WithFilesets(new Argument<string?>("fileset")
        {
            Description = "Whose; not needed if there is only one.",
            HelpName = "fileset",
            Arity = ArgumentArity.ZeroOrOne,
        });
        var file = new Option<string?>("--file") { Description = "A journal file instead of a fileset's; works without lento.", HelpName = "PATH" };
        var from = new Option<ulong>("--from") { Description = "The record to begin with; default: the oldest one there is.", HelpName = "OFFSET" };
        var all = new Option<bool>("--all") { Description = "Records of operations that failed, too; they have the flag void." };
        var json = CommonOptions.Json();
        var command = new TaughtCommand(
            verb,
            $$"""
            {{what}}

            A line is: offset, time, operation, objects (replica.inode.generation) and names, and in brackets the flags and,
            for an update applied for another replica, who made it and its count there.
            --json prints an object a line: offset, number, op, flags, replica ("self", or 16 hex digits), counter, source, time,
            uid, gid, pid, aux, and by operation object, parent, name, parent2, name2, replaced, attr, attrBefore, target,
            xattr, valueBytes, ranges, payloadBytes. Names are text where they are UTF-8; otherwise each byte that isn't printable
            ASCII, and %, is written %XX, and nameEscaped (name2Escaped, ...) is true.
            """)
        {
            fileset, file, from, all, json,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(file) is not null && result.GetValue(fileset) is not null)
            {
                result.AddError("either a fileset or --file, not both");
            }
        });
        command.SetGuarded((result, cancellationToken) => JournalCommand.RunAsync(
            CommonOptions.Files(result),
            new JournalPlan(result.GetValue(fileset), result.GetValue(file), result.GetValue(from), follow),
            new RecordPrinter(result.GetValue(json), result.GetValue(all)),
            cancellationToken));
        return command;
    }
}
