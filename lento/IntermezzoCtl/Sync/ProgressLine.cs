// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Protocol.Control;

namespace InterMezzo.Ctl;

/// <summary>One line at the bottom of the terminal that tells how a long work goes on.</summary>
internal static class ProgressLine
{
    private const int Bar = 24;

    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(500);

    public static async Task ShowAsync(Control.ControlClient control, Task until, CancellationToken cancellationToken)
    {
        // Short work needs no line.
        var shown = false;
        while (await Task.WhenAny(until, Task.Delay(s_interval, cancellationToken)) != until && !cancellationToken.IsCancellationRequested)
        {
            var status = await control.StatusAsync(new StatusRequest(), cancellationToken: cancellationToken);
            Console.Error.Write($"\r\e[2K{string.Join("; ", status.Filesets.Select(Text))}");
            shown = true;
        }

        if (shown)
        {
            Console.Error.Write("\r\e[2K");
        }
    }

    private static string Text(FilesetStatus fileset)
    {
        if (fileset.Work is { } work)
        {
            return $"{fileset.Name} {BarOf(work)}{StatusText.WorkText(work)}";
        }

        var pending = fileset.Peers.Where(peer => peer.Connected).Aggregate(0ul, (sum, peer) => sum + peer.Pending);
        return $"{fileset.Name} {fileset.State}, {Amount.OfBytes(pending)} of journal to send";
    }

    private static string BarOf(Work work)
    {
        if (work.Total == 0)
        {
            return "";
        }

        var full = (int)(Bar * Math.Min(work.Done, work.Total) / work.Total);
        return $"[{new string('#', full)}{new string(' ', Bar - full)}] ";
    }
}
