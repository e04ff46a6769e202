// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Configuration;
using InterMezzo.Journal;
using InterMezzo.Protocol.Control;
using InterMezzo.Replication;

namespace InterMezzo.Ctl;

/// <param name="Request">Which conflict.</param>
/// <param name="Keep">ours, theirs, both, or a file.</param>
/// <param name="Kept">Which version.</param>
internal sealed record ResolvePlan(ConflictRequest Request, string Keep, string? Kept);

internal static class ConflictsResolveCommand
{
    public static async Task<int> RunAsync(ConfigurationFiles files, ResolvePlan plan, bool json, CancellationToken cancellationToken)
    {
        using var daemon = DaemonClient.Connect(files);
        var detail = await daemon.Control.ShowConflictAsync(plan.Request, cancellationToken: cancellationToken);
        var done = await ResolveAsync(daemon, detail, plan.Keep, plan.Kept, cancellationToken);
        Tell(detail, plan.Keep, done, json);
        return ExitCode.Done;
    }

    /// <param name="daemon">Who keeps it.</param>
    /// <param name="detail">The conflict, as it was looked at.</param>
    /// <param name="choice">ours, theirs, both, or a file.</param>
    /// <param name="kept">Which version, if several are kept.</param>
    /// <param name="cancellationToken">Ends it; it can be given again.</param>
    /// <returns>What was done, to which paths.</returns>
    public static async Task<List<(Resolution What, byte[] Path)>> ResolveAsync(
        DaemonClient daemon, ConflictDetail detail, string choice, string? kept, CancellationToken cancellationToken)
    {
        if (detail.Waits)
        {
            throw new RefusedException(
                $"{ByteName.ForPeople(detail.Conflict.Path.Span)} is open for writing here: once it is closed the newer version enters by itself, or this becomes a conflict");
        }

        var keep = choice switch
        {
            "ours" => Keep.Ours,
            "theirs" => Keep.Theirs,
            "both" => Keep.Both,
            _ => Keep.File,
        };
        if (keep == Keep.File && !File.Exists(choice))
        {
            throw new RefusedException($"--keep {choice}: this is none of ours, theirs and both, and there is no such file");
        }

        var tree = new ConflictTree(daemon, detail, keep == Keep.File ? choice : null);
        var done = new List<(Resolution What, byte[] Path)>();
        foreach (var version in VersionsOf(detail, keep, kept))
        {
            done.Add(await ApplyAsync(tree, detail, keep, version, cancellationToken));
        }

        var drop = new DropConflictRequest { Fileset = detail.Conflict.Fileset, Id = detail.Conflict.Id, Stamp = detail.Stamp };
        if (!(await daemon.Control.DropConflictAsync(drop, cancellationToken: cancellationToken)).Dropped)
        {
            throw new RefusedException(
                $"conflict {detail.Conflict.Id} has changed meanwhile and is still there: look again with `intermezzo-ctl conflicts show {detail.Conflict.Id}`");
        }

        return done;
    }

    /// <summary>Both are all of them; of the others there can be but one.</summary>
    private static IEnumerable<KeptVersion?> VersionsOf(ConflictDetail detail, Keep keep, string? kept) => keep switch
    {
        Keep.Ours => [detail.Kept.FirstOrDefault()],
        Keep.Both when detail.Kept.Count > 1 && kept is null => (IEnumerable<KeptVersion?>)detail.Kept,
        _ => [ConflictParts.Choose(detail, kept)],
    };

    private static async Task<(Resolution What, byte[] Path)> ApplyAsync(
        ConflictTree tree, ConflictDetail detail, Keep keep, KeptVersion? version, CancellationToken cancellationToken)
    {
        var updates = detail.Updates.Select(update => ResolutionRules.CanRedo(RecordView.Parse(update.Record.Span))).ToList();
        var (resolution, reason) = ResolutionRules.Decide(
            keep, ConflictParts.ShapeOf(version), ConflictParts.KindOf(detail.Place), tree.ShapeThere(), updates);
        if (resolution == Resolution.Refused)
        {
            throw new RefusedException($"conflict {detail.Conflict.Id}, {ByteName.ForPeople(detail.Conflict.Path.Span)}: {reason}");
        }

        if (resolution != Resolution.Drop && detail.Kind == "plain")
        {
            throw new RefusedException(
                $"fileset \"{detail.Conflict.Fileset}\" is a plain directory here: what is changed in it reaches no other replica, so only --keep ours can be done. "
                + $"What is kept is in {detail.Mount}/.intermezzo/{detail.Conflict.Fileset}/conflicts/{detail.Conflict.Directory}/kept: "
                + "copy it to a machine whose changes reach the others, put it there where it is to be, then --keep ours here");
        }

        return (resolution, await tree.ApplyAsync(resolution, version, cancellationToken));
    }

    private static void Tell(ConflictDetail detail, string keep, List<(Resolution What, byte[] Path)> done, bool json)
    {
        if (json)
        {
            var (paths, escaped) = ByteName.ForJson(done.Select(step => (ReadOnlyMemory<byte>)step.Path));
            CtlJson.Print(
                new ResolvedOutput(detail.Conflict.Id, detail.Conflict.Fileset, keep, WordOf(done[0].What), paths, escaped ? true : null),
                CtlJson.Default.ResolvedOutput);
            return;
        }

        foreach (var (what, path) in done)
        {
            var shown = ByteName.ForPeople(path);
            Console.WriteLine(what switch
            {
                Resolution.Drop => $"{shown} stays as it is.",
                Resolution.Redo => $"{shown}: the update of {ConflictParts.NameOfLoser(detail)} is done.",
                Resolution.Write or Resolution.EnterWritten => $"{shown} has the content of {keep}.",
                _ => $"{shown} is the version of {ConflictParts.NameOfLoser(detail)}.",
            });
        }

        Console.WriteLine($"Conflict {detail.Conflict.Id} is resolved.");
    }

    private static string WordOf(Resolution resolution) => resolution switch
    {
        Resolution.Drop => "nothing",
        Resolution.Enter => "entered",
        Resolution.Replace or Resolution.Take => "replaced",
        Resolution.Beside => "beside",
        Resolution.Redo => "redone",
        _ => "written",
    };
}

/// <param name="Done">nothing, entered, replaced, beside, redone or written.</param>
/// <param name="Paths">What it was done to, below the mount.</param>
internal sealed record ResolvedOutput(string Id, string Fileset, string Keep, string Done, IReadOnlyList<string> Paths, bool? PathsEscaped);
