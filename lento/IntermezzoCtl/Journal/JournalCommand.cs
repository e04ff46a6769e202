// SPDX-License-Identifier: GPL-2.0-or-later
using Grpc.Core;
using InterMezzo.Configuration;
using InterMezzo.Journal;
using InterMezzo.Protocol.Control;

namespace InterMezzo.Ctl;

/// <param name="Fileset">Null: the only one, or a file.</param>
/// <param name="File">Null: by the daemon.</param>
/// <param name="From">0: the oldest record there is.</param>
/// <param name="Follow">Until interrupted.</param>
internal sealed record JournalPlan(string? Fileset, string? File, ulong From, bool Follow);

internal static class JournalCommand
{
    public static async Task<int> RunAsync(ConfigurationFiles files, JournalPlan plan, RecordPrinter printer, CancellationToken cancellationToken)
    {
        await using var output = printer;
        try
        {
            if (plan.File is { } file)
            {
                using var journal = new JournalFile(file);
                await ShowAsync(journal, plan, printer, cancellationToken);
            }
            else
            {
                await ShowAsync(files, plan, printer, cancellationToken);
            }

            return ExitCode.Done;
        }
        catch (Exception exception) when (
            plan.Follow && cancellationToken.IsCancellationRequested && exception is OperationCanceledException or RpcException { StatusCode: StatusCode.Cancelled })
        {
            // Being interrupted is how following ends.
            return ExitCode.Done;
        }
        catch (KmlException exception)
        {
            throw new ConfigurationException($"{plan.File}: {exception.Message}");
        }
    }

    private static async Task ShowAsync(ConfigurationFiles files, JournalPlan plan, RecordPrinter printer, CancellationToken cancellationToken)
    {
        using var daemon = DaemonClient.Connect(files);
        var request = new ReadJournalRequest { Fileset = plan.Fileset ?? OnlyFileset(files), From = plan.From, Follow = plan.Follow };
        using var call = daemon.Control.ReadJournal(request, cancellationToken: cancellationToken);
        await foreach (var part in call.ResponseStream.ReadAllAsync(cancellationToken))
        {
            printer.Print(part.Data.Span, part.Offset);
            if (plan.Follow)
            {
                await printer.FlushAsync();
            }
        }
    }

    private static async Task ShowAsync(JournalFile journal, JournalPlan plan, RecordPrinter printer, CancellationToken cancellationToken)
    {
        var offset = plan.From == 0 ? journal.FindFirst() : plan.From;
        while (true)
        {
            var stretch = journal.Read(offset);
            var next = printer.Print(stretch.Span, offset);
            if (next != offset)
            {
                offset = next;
            }
            else if (!plan.Follow)
            {
                return;
            }
            else
            {
                await printer.FlushAsync();
                await journal.WaitForGrowthAsync(cancellationToken);
            }
        }
    }

    private static string OnlyFileset(ConfigurationFiles files) => ConfigurationReader.Read(files).Filesets switch
    {
        [var only] => only.Name,
        [] => throw new ConfigurationException("there are no filesets here; --file PATH shows a journal file"),
        var several => throw new ConfigurationException($"say which fileset: {string.Join(", ", several.Select(fileset => fileset.Name))}"),
    };
}
