// SPDX-License-Identifier: GPL-2.0-or-later
using System.CommandLine;
using System.CommandLine.Invocation;
using InterMezzo.Lento.Hosting;

var command = LentoCommandDefinition.Create().Parse(args);
if (command.Action is not ParseErrorAction mistake)
{
    // Signals are the host's: it ends in order, and takes the time that it needs.
    return await command.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
}

mistake.ShowHelp = false;
mistake.ShowTypoCorrections = false;
await command.InvokeAsync();
Console.Error.WriteLine("`lento --help` shows what there is.");
return 2;
