// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Ctl;

var command = CtlCommandDefinition.Create().Parse(args);
var code = await command.InvokeAsync();
return command.Errors.Count > 0 ? ExitCode.Usage : code;
