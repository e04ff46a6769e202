// SPDX-License-Identifier: GPL-2.0-or-later
using System.CommandLine;
using InterMezzo.Configuration;

namespace InterMezzo.Lento.Hosting;

/// <summary>The daemon's command line.</summary>
internal static class LentoCommandDefinition
{
    public static RootCommand Create()
    {
        var config = new Option<string>("--config")
        {
            Description = "The configuration; peers.d/*.toml and filesets.d/*.toml beside it belong to it.",
            HelpName = "PATH",
            DefaultValueFactory = _ => ConfigurationFiles.DefaultMain,
        };
        var verbose = new Option<bool>("--verbose") { Description = "Tell more of what goes on." };
        var check = new Option<bool>("--check") { Description = "Read and check the configuration, and end." };
        var root = new RootCommand(
            """
            lento, the replication daemon of InterMezzo: one for each machine, client and server alike.

            It stays in the foreground and logs to the standard error; under systemd, `systemctl start lento` runs it.
            SIGHUP reads the configuration again, SIGTERM ends it. Everything else is done with intermezzo-ctl:

              intermezzo-ctl init                       make this machine's key (once)
              intermezzo-ctl peer add NAME --pin PIN    let another machine in
              intermezzo-ctl fileset create --help      offer a tree
              intermezzo-ctl fileset join --help        take part in one
              intermezzo-ctl status                     how it is

            Exit code: 0 told to stop, 1 something has to be put right (the message says what), 2 wrong usage.
            """)
        {
            config, verbose, check,
        };
        root.SetAction((result, _) => LentoCommand.RunAsync(
            new ConfigurationFiles(result.GetValue(config)!), result.GetValue(verbose), result.GetValue(check)));
        return root;
    }
}
