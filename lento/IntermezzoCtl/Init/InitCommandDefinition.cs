// SPDX-License-Identifier: GPL-2.0-or-later
using System.CommandLine;

namespace InterMezzo.Ctl;

internal static class InitCommandDefinition
{
    public static Command Create()
    {
        var name = new Option<string?>("--name") { Description = "How this machine calls itself; default: its host name.", HelpName = "NAME" };
        var showPin = new Option<bool>("--show-pin") { Description = "Print the pin of this machine's key and nothing else; changes nothing." };
        var json = CommonOptions.Json();
        var command = new TaughtCommand(
            "init",
            """
            Makes this machine's key and replica id, and a configuration to begin with. What is there already stays.

            Peers know this machine by the pin of its key: the SHA-256 of the public key.
              intermezzo-ctl init --name t21
              intermezzo-ctl init --show-pin
            """)
        {
            name, showPin, json,
        };
        command.SetGuarded((result, _) => Task.FromResult(result.GetValue(showPin)
            ? InitCommand.ShowPin(CommonOptions.Files(result))
            : InitCommand.Run(CommonOptions.Files(result), result.GetValue(name), result.GetValue(json))));
        return command;
    }
}
