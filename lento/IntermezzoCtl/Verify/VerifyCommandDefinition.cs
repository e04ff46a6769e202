// SPDX-License-Identifier: GPL-2.0-or-later
using System.CommandLine;

namespace InterMezzo.Ctl;

internal static class VerifyCommandDefinition
{
    public static Command Create()
    {
        var fileset = CommonOptions.ExistingFileset();
        var json = CommonOptions.Json();
        var command = new TaughtCommand(
            "verify",
            """
            Compares a fileset's tree with its journal, and journals what is found: then the other replicas get it.

            For what was changed in the file system below while the fileset wasn't mounted. If presto mounts the block device
            itself, `intermezzo-ctl status` says when that may be so; on a directory of somebody else's mount nobody notices:
            run it there after such changes. All that was changed since the last unmount is told again, so run it soon after
            the mount. Updates of other replicas wait until it is done; programs don't. (After an unclean stop on ext2, and on an
            ext4 mounted with delayed allocation, lento does the same by itself when it starts.)
            --json prints objectsLookedAt, namesTold, directoriesListed.
              intermezzo-ctl verify home
            """)
        {
            fileset, json,
        };
        command.SetGuarded((result, cancellationToken) =>
            VerifyCommand.RunAsync(CommonOptions.Files(result), result.GetValue(fileset)!, result.GetValue(json), cancellationToken));
        return command;
    }
}
