// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Lento;

internal static partial class Log
{
    [LoggerMessage(EventIds.Starting, LogLevel.Information, "lento {Version} on {Name}, replica {Replica:x16}, {Configuration}, state {State}, socket {Socket}")]
    public static partial void Starting(this ILogger logger, string version, string name, ulong replica, string configuration, string state, string socket);

    [LoggerMessage(EventIds.Ready, LogLevel.Information, "Ready, peers connect to {Listen}, {Filesets} filesets")]
    public static partial void Ready(this ILogger logger, string listen, int filesets);

    [LoggerMessage(EventIds.Stopping, LogLevel.Information, "Stopping")]
    public static partial void Stopping(this ILogger logger);

    [LoggerMessage(EventIds.FilesetStarted, LogLevel.Information, "{Fileset}: started as {Role} of {Mount}")]
    public static partial void FilesetStarted(this ILogger logger, string fileset, string role, string mount);

    [LoggerMessage(EventIds.FilesetStopped, LogLevel.Information, "{Fileset}: stopped")]
    public static partial void FilesetStopped(this ILogger logger, string fileset);

    [LoggerMessage(EventIds.FilesetFailed, LogLevel.Error, "{Fileset}: {Reason}")]
    public static partial void FilesetFailed(this ILogger logger, string fileset, string reason);

    [LoggerMessage(EventIds.FilesetGoesOn, LogLevel.Information, "{Fileset}: goes on")]
    public static partial void FilesetGoesOn(this ILogger logger, string fileset);

    [LoggerMessage(EventIds.Reloaded, LogLevel.Information, "Configuration read again: {Changes}")]
    public static partial void Reloaded(this ILogger logger, string changes);

    [LoggerMessage(EventIds.ReloadFailed, LogLevel.Error, "Configuration not taken up: {Reason}")]
    public static partial void ReloadFailed(this ILogger logger, string reason);

    [LoggerMessage(EventIds.NotifyFailed, LogLevel.Warning, "Can't tell {Socket} how the service is: {Reason}")]
    public static partial void NotifyFailed(this ILogger logger, string socket, string reason);
}
