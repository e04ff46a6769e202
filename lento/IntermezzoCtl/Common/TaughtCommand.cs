// SPDX-License-Identifier: GPL-2.0-or-later
using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace InterMezzo.Ctl;

/// <summary>
/// A command whose description is short in the list of verbs, and which teaches more in its own --help: what follows
/// the first blank line of the text.
/// </summary>
internal sealed class TaughtCommand(string name, string text) : Command(name, text.Split("\n\n", 2)[0])
{
    private readonly string _more = text.Split("\n\n", 2) is [_, var more] ? more : "";

    /// <summary>Lets --help say what its command has to teach.</summary>
    public static void Install(RootCommand root)
    {
        var option = root.Options.OfType<HelpOption>().Single();
        option.Action = new TeachingHelp((HelpAction)option.Action!);
    }

    private sealed class TeachingHelp(HelpAction help) : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            var code = help.Invoke(parseResult);
            if (parseResult.CommandResult.Command is TaughtCommand { _more.Length: > 0 } command)
            {
                parseResult.InvocationConfiguration.Output.WriteLine(command._more);
            }

            return code;
        }
    }
}
