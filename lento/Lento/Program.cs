// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Lento.Hosting;

return await LentoCommandDefinition.Create().Parse(args).InvokeAsync();
