// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics;
using InterMezzo.Configuration;
using InterMezzo.Protocol.Control;

namespace InterMezzo.Ctl;

/// <param name="Fileset">Empty: all.</param>
/// <param name="Wait">Until it is so.</param>
/// <param name="Timeout">Seconds; null: without end.</param>
internal sealed record SyncPlan(string Fileset, bool Wait, double? Timeout)
{
    /// <summary>A question that doesn't wait still needs its way to the peers and back.</summary>
    private const double Question = 2;

    public SyncRequest Request => new()
    {
        Fileset = Fileset,
        TimeoutMs = (long)(1000 * (Wait ? Timeout ?? int.MaxValue / 1000 : Question)),
    };
}

internal static class SyncCommand
{
    public static async Task<int> RunAsync(ConfigurationFiles files, SyncPlan plan, bool json, CancellationToken cancellationToken)
    {
        using var daemon = DaemonClient.Connect(files);
        var began = Stopwatch.GetTimestamp();
        using var call = daemon.Control.SyncAsync(plan.Request, cancellationToken: cancellationToken);
        if (!json && !Console.IsErrorRedirected)
        {
            await ProgressLine.ShowAsync(daemon.Control, call.ResponseAsync, cancellationToken);
        }

        var reply = await call.ResponseAsync;
        var milliseconds = (long)Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        if (json)
        {
            CtlJson.Print(new SyncOutput(reply.InSync, milliseconds, [.. reply.Missing]), CtlJson.Default.SyncOutput);
        }
        else
        {
            Show(reply, milliseconds);
        }

        return reply.InSync ? ExitCode.Done : ExitCode.NotInSync;
    }

    private static void Show(SyncReply reply, long milliseconds)
    {
        var writer = reply.InSync ? Console.Out : Console.Error;
        writer.WriteLine(reply.InSync ? $"In sync after {Amount.Of(milliseconds)} ms." : $"intermezzo-ctl: not in sync after {Amount.Of(milliseconds)} ms:");
        foreach (var line in reply.Missing)
        {
            writer.WriteLine($"  {line}");
        }
    }
}

internal sealed record SyncOutput(bool InSync, long Milliseconds, IReadOnlyList<string> Missing);
