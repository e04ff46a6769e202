// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Lento;

internal static partial class Log
{
    [LoggerMessage(EventIds.NetworkChanged, LogLevel.Debug, "The network has changed")]
    public static partial void NetworkChanged(this ILogger logger);

    [LoggerMessage(EventIds.UnknownKey, LogLevel.Warning, "{Address} came with the unknown key {Pin}; `intermezzo-ctl peer add NAME --pin {Pin}` lets it in")]
    public static partial void UnknownKey(this ILogger logger, string address, string pin);
}
