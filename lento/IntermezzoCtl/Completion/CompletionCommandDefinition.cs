// SPDX-License-Identifier: GPL-2.0-or-later
using System.CommandLine;

namespace InterMezzo.Ctl;

internal static class CompletionCommandDefinition
{
    public static Command Create()
    {
        var shell = new Argument<string>("shell") { Description = "bash, zsh or fish." };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        var command = new TaughtCommand(
            "completion",
            """
            Prints what makes a shell complete this program's verbs, options, filesets and peers.

              intermezzo-ctl completion bash >/usr/share/bash-completion/completions/intermezzo-ctl
              intermezzo-ctl completion zsh >/usr/share/zsh/vendor-completions/_intermezzo-ctl
              intermezzo-ctl completion fish >/usr/share/fish/vendor_completions.d/intermezzo-ctl.fish
            """)
        {
            shell,
        };
        command.SetAction(result => Console.Out.Write(CompletionScripts.For(result.GetValue(shell)!)));
        return command;
    }
}
