// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using System.Text;
using NLog;
using NLog.Config;
using NLog.Extensions.Logging;
using NLog.Layouts;
using NLog.Targets;
using MsLogLevel = Microsoft.Extensions.Logging.LogLevel;

namespace InterMezzo.Lento;

/// <summary>
/// Where messages go: to the standard error, which is systemd's journal under systemd. There each line begins with its
/// priority (sd-daemon(3)) and the journal adds the time; elsewhere each line begins with the time.
/// </summary>
internal static class Logging
{
    public static void Configure(ILoggingBuilder builder, bool verbose)
    {
        var toJournal = Environment.GetEnvironmentVariable("JOURNAL_STREAM") is { Length: > 0 };
        var layout = Layout.FromMethod(toJournal ? ForJournal : ForConsole);
        var configuration = new LoggingConfiguration();
        configuration.AddRule(NLog.LogLevel.Trace, NLog.LogLevel.Fatal, new ConsoleTarget("console") { Layout = layout, StdErr = true });
        builder.ClearProviders();
        builder.SetMinimumLevel(verbose ? MsLogLevel.Debug : MsLogLevel.Information);

        // What the web server does for each call is no news to whoever runs a file server, and why it doesn't start is
        // told by whoever started it.
        builder.AddFilter("Microsoft", verbose ? MsLogLevel.Information : MsLogLevel.Warning);
        builder.AddFilter("Microsoft.Extensions.Hosting", MsLogLevel.None);
        builder.AddFilter("Grpc", verbose ? MsLogLevel.Information : MsLogLevel.Warning);
        builder.AddNLog(configuration, new NLogProviderOptions { RemoveLoggerFactoryFilter = false });
    }

    private static string ForConsole(LogEventInfo message) => string.Create(
        CultureInfo.InvariantCulture, $"{message.TimeStamp:yyyy-MM-dd HH:mm:ss.fff} {Name(message.Level)} {Text(message)}");

    /// <summary>Each line of a message of many lines (an exception) is a line of the journal.</summary>
    private static string ForJournal(LogEventInfo message)
    {
        var priority = $"<{Priority(message.Level)}>";
        return priority + Text(message).Replace("\n", "\n" + priority, StringComparison.Ordinal);
    }

    private static string Text(LogEventInfo message)
    {
        var text = new StringBuilder(message.FormattedMessage);
        if (message.Properties.TryGetValue("EventId", out var id))
        {
            text.Append(CultureInfo.InvariantCulture, $" [{id}]");
        }

        if (message.Exception is { } exception)
        {
            text.Append('\n').Append(exception);
        }

        return text.ToString();
    }

    private static string Name(NLog.LogLevel level) => level.Ordinal switch
    {
        <= 1 => "debug",
        2 => "info ",
        3 => "warn ",
        _ => "ERROR",
    };

    private static int Priority(NLog.LogLevel level) => level.Ordinal switch
    {
        <= 1 => 7,
        2 => 6,
        3 => 4,
        4 => 3,
        _ => 2,
    };
}
