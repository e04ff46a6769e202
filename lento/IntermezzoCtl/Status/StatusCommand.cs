// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Configuration;
using InterMezzo.Protocol.Control;

namespace InterMezzo.Ctl;

internal static class StatusCommand
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);

    public static async Task<int> RunAsync(ConfigurationFiles files, bool watch, bool json, CancellationToken cancellationToken)
    {
        using var daemon = DaemonClient.Connect(files);
        using var timer = new PeriodicTimer(s_interval);
        do
        {
            var status = await daemon.Control.StatusAsync(new StatusRequest(), cancellationToken: cancellationToken);
            Show(status, json, redraw: watch && !Console.IsOutputRedirected);
        }
        while (watch && await AnotherAsync(timer, cancellationToken));
        return ExitCode.Done;
    }

    /// <summary>Being interrupted is how watching ends.</summary>
    private static async Task<bool> AnotherAsync(PeriodicTimer timer, CancellationToken cancellationToken)
    {
        try
        {
            return await timer.WaitForNextTickAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private static void Show(StatusReply status, bool json, bool redraw)
    {
        if (json)
        {
            CtlJson.Print(StatusOutput.Of(status), CtlJson.Default.StatusOutput);
            return;
        }

        var text = new StringWriter();
        StatusText.Write(status, text);
        if (redraw)
        {
            // To the upper left, each line erased before it is written, then all that is below.
            Console.Write("\e[H\e[2K" + text.ToString().Replace("\n", "\n\e[2K", StringComparison.Ordinal) + "\e[J");
        }
        else
        {
            Console.Write(text);
        }
    }
}
