// SPDX-License-Identifier: GPL-2.0-or-later
using System.CommandLine;

namespace InterMezzo.Ctl;

/// <summary>The whole command line.</summary>
internal static class CtlCommandDefinition
{
    public static RootCommand Create()
    {
        var root = CreateRoot();
        TaughtCommand.Install(root);
        return root;
    }

    private static RootCommand CreateRoot() => new(
        $"""
        Sets up InterMezzo on this machine, and tells how it is.

        InterMezzo keeps replicas of a directory tree, a fileset, the same on several machines, whatever the network does.
        To share /home of the machine qube with the laptop t21:

          qube# intermezzo-ctl init --name qube           t21# intermezzo-ctl init --name t21
          qube# intermezzo-ctl peer add t21 --pin PIN     t21# intermezzo-ctl peer add qube --pin PIN --address qube:2411
          qube# intermezzo-ctl fileset create home --mount /home --device /dev/intermezzo0 --client t21
                                                          t21# intermezzo-ctl fileset join home --server qube --mount /home --device /dev/intermezzo0
          qube# systemctl start lento                     t21# systemctl start lento
                                                          t21# intermezzo-ctl sync --wait

        PIN is what `intermezzo-ctl init --show-pin` prints on the other machine.
        {ExitCode.Help}
        """)
    {
        CommonOptions.Config,
        InitCommandDefinition.Create(),
        PeerCommandDefinition.Create(),
        FilesetCommandDefinition.Create(),
        StatusCommandDefinition.Create(),
        SyncCommandDefinition.Create(),
        VerifyCommandDefinition.Create(),
        JournalCommandDefinition.Create(),
        PermitCommandDefinition.Create(),
        ConflictsCommandDefinition.Create(),
        CompletionCommandDefinition.Create(),
    };
}
