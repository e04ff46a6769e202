// SPDX-License-Identifier: GPL-2.0-or-later
using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using InterMezzo.Configuration;

namespace InterMezzo.Ctl;

/// <summary>Runs a merge command, as whoever calls this program; no shell. What it prints, if it succeeds, is the merged content.</summary>
internal static class MergeProgram
{
    /// <summary>Of what it complains, as much is shown.</summary>
    private const int Complaint = 2048;

    /// <summary>It may print this much more than it was given.</summary>
    private const long Slack = 1 << 20;

    /// <exception cref="RefusedException">It didn't succeed.</exception>
    public static async Task RunAsync(MergeConfiguration merge, MergeFiles files, CancellationToken cancellationToken)
    {
        using var process = Start(merge, files);
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(TimeSpan.FromSeconds(merge.Timeout));
        try
        {
            process.StandardInput.Close();
            var complaint = ReadComplaintAsync(process.StandardError.BaseStream, timeout.Token);
            await CopyAsync(merge, process.StandardOutput.BaseStream, files, timeout.Token);
            await process.WaitForExitAsync(timeout.Token);
            Judge(merge, files, process.ExitCode, await complaint);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new RefusedException($"{merge.Command[0]} took longer than {merge.Timeout} s (merge.timeout), and was ended");
        }
        finally
        {
            if (!process.HasExited)
            {
                // With whatever it has started.
                process.Kill(entireProcessTree: true);
            }
        }
    }

    private static Process Start(MergeConfiguration merge, MergeFiles files)
    {
        var start = new ProcessStartInfo(merge.Command[0], merge.Command.Skip(1).Select(argument => argument
            .Replace(MergeConfiguration.Ours, files.Ours, StringComparison.Ordinal)
            .Replace(MergeConfiguration.Base, files.Base, StringComparison.Ordinal)
            .Replace(MergeConfiguration.Theirs, files.Theirs, StringComparison.Ordinal)))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = files.Directory,
        };
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception exception)
        {
            throw new RefusedException($"{merge.Command[0]} can't be run: {exception.Message}; merge.command names it");
        }
    }

    private static async Task CopyAsync(MergeConfiguration merge, Stream from, MergeFiles files, CancellationToken cancellationToken)
    {
        var most = (2 * (files.Size(files.Ours) + files.Size(files.Theirs))) + Slack;
        await using var to = new FileStream(files.Merged, FileMode.CreateNew, FileAccess.Write);
        var buffer = new byte[64 << 10];
        while (await from.ReadAsync(buffer, cancellationToken) is > 0 and var count)
        {
            await to.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
            if (to.Length > most)
            {
                throw new RefusedException($"{merge.Command[0]} prints more than twice what it was given, and was ended");
            }
        }
    }

    /// <summary>All of it is read, so that it doesn't wait; the beginning is kept.</summary>
    private static async Task<string> ReadComplaintAsync(Stream from, CancellationToken cancellationToken)
    {
        var (all, kept) = (new byte[Complaint], 0);
        var buffer = new byte[4096];
        while (await from.ReadAsync(buffer, cancellationToken) is > 0 and var count)
        {
            var more = Math.Min(count, all.Length - kept);
            buffer.AsSpan(0, more).CopyTo(all.AsSpan(kept));
            kept += more;
        }

        var text = Encoding.UTF8.GetString(all, 0, kept).ReplaceLineEndings(" ").Trim();
        return string.Concat(text.Where(c => !char.IsControl(c)));
    }

    private static void Judge(MergeConfiguration merge, MergeFiles files, int code, string complaint)
    {
        if (code != 0)
        {
            throw new RefusedException($"{merge.Command[0]} ended with {code}{(complaint.Length == 0 ? "" : $": {complaint}")}");
        }

        // A program that merges in place prints nothing, and succeeds: nobody means that to be the content.
        if (files.Size(files.Merged) == 0 && (files.Size(files.Ours) > 0 || files.Size(files.Theirs) > 0))
        {
            throw new RefusedException($"{merge.Command[0]} printed nothing: it must print the merged content to its standard output (`git merge-file` does so with -p)");
        }
    }
}
