// SPDX-License-Identifier: GPL-2.0-or-later
using System.CommandLine.Invocation;
using InterMezzo.Lento.Hosting;

var command = LentoCommandDefinition.Create().Parse(args);
if (command.Action is not ParseErrorAction mistake)
{
    return await command.InvokeAsync();
}

mistake.ShowHelp = false;
mistake.ShowTypoCorrections = false;
await command.InvokeAsync();
Console.Error.WriteLine("`lento --help` shows what there is.");
return 2;
