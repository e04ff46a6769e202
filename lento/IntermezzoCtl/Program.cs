// SPDX-License-Identifier: GPL-2.0-or-later
using System.CommandLine.Invocation;
using InterMezzo.Ctl;

var command = CtlCommandDefinition.Create().Parse(args);
if (command.Action is not ParseErrorAction mistake)
{
    return await command.InvokeAsync();
}

mistake.ShowHelp = false;
mistake.ShowTypoCorrections = false;
await command.InvokeAsync();
Console.Error.WriteLine("`intermezzo-ctl --help` shows what there is, `intermezzo-ctl VERB --help` how it is used.");
return ExitCode.Usage;
