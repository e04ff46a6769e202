// SPDX-License-Identifier: GPL-2.0-or-later
using Grpc.Core;
using InterMezzo.Configuration;
using InterMezzo.Protocol.Control;

namespace InterMezzo.Ctl;

internal static class ConflictsListCommand
{
    public static async Task<int> RunAsync(ConfigurationFiles files, string fileset, bool json, CancellationToken cancellationToken)
    {
        using var daemon = DaemonClient.Connect(files);
        using var call = daemon.Control.ListConflicts(new ListConflictsRequest { Fileset = fileset }, cancellationToken: cancellationToken);
        var conflicts = new List<Conflict>();
        await foreach (var conflict in call.ResponseStream.ReadAllAsync(cancellationToken))
        {
            conflicts.Add(conflict);
        }

        if (json)
        {
            CtlJson.Print(new ConflictsOutput([.. conflicts.Select(ConflictOutput.Of)]), CtlJson.Default.ConflictsOutput);
        }
        else
        {
            Show(conflicts);
        }

        return ExitCode.Done;
    }

    private static void Show(List<Conflict> conflicts)
    {
        if (conflicts.Count == 0)
        {
            Console.WriteLine("No conflicts.");
            return;
        }

        var table = new TextTable("ID", "FILESET", "WHEN", "WHAT", "PATH", "MADE BY", "THE OTHER VERSION, BELOW .intermezzo/FILESET/conflicts");
        foreach (var conflict in conflicts)
        {
            table.Add(
                conflict.Id,
                conflict.Fileset,
                Amount.Time(DateTimeOffset.FromUnixTimeMilliseconds(conflict.WhenUnixMs)),
                conflict.Reason,
                ByteName.ForPeople(conflict.Path.Span),
                Amount.Replica(conflict.LoserReplica),
                $"{conflict.Directory}/{string.Join(" ", conflict.Kept.Select(name => ByteName.ForPeople(name.Span)))}");
        }

        table.WriteTo(Console.Out);
    }
}

internal sealed record ConflictsOutput(IReadOnlyList<ConflictOutput> Conflicts);

internal sealed record UpdateOutput(string Replica, ulong Counter);

/// <param name="Id">For show, diff and resolve.</param>
/// <param name="Loser">The update whose version is kept in the store.</param>
/// <param name="Winner">The update whose version is in the tree.</param>
/// <param name="Path">Where in the tree, when it was found.</param>
/// <param name="Directory">Where in the conflict store.</param>
/// <param name="Kept">What is there.</param>
internal sealed record ConflictOutput(
    string Id, string Fileset, string Reason, string When, UpdateOutput Loser, UpdateOutput Winner,
    string Path, bool? PathEscaped, string Directory, IReadOnlyList<string> Kept, bool? KeptEscaped)
{
    public static ConflictOutput Of(Conflict conflict)
    {
        var (path, pathEscaped) = ByteName.ForJson(conflict.Path.Span);
        var (kept, keptEscaped) = ByteName.ForJson(conflict.Kept.Select(name => name.Memory));
        return new ConflictOutput(
            conflict.Id,
            conflict.Fileset,
            conflict.Reason,
            Amount.Time(DateTimeOffset.FromUnixTimeMilliseconds(conflict.WhenUnixMs)),
            new UpdateOutput(Amount.Replica(conflict.LoserReplica), conflict.LoserCounter),
            new UpdateOutput(Amount.Replica(conflict.WinnerReplica), conflict.WinnerCounter),
            path,
            pathEscaped ? true : null,
            conflict.Directory,
            kept,
            keptEscaped ? true : null);
    }
}
