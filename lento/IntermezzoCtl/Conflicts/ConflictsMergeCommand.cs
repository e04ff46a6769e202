// SPDX-License-Identifier: GPL-2.0-or-later
using Grpc.Core;
using InterMezzo.Configuration;
using InterMezzo.Platform;
using InterMezzo.Protocol.Control;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;
using Conflict = InterMezzo.Protocol.Control.Conflict;

namespace InterMezzo.Ctl;

/// <param name="Request">Which conflict; without an ID, all that a merge command is configured for.</param>
/// <param name="Kept">Which version.</param>
internal sealed record MergePlan(ConflictRequest Request, string? Kept);

/// <summary>Has the configured commands put both versions together. What can't be, stays open.</summary>
internal static class ConflictsMergeCommand
{
    public static async Task<int> RunAsync(ConfigurationFiles files, MergePlan plan, bool json, CancellationToken cancellationToken)
    {
        var configuration = ConfigurationReader.Read(files);
        using var daemon = DaemonClient.Connect(files);
        var merged = new List<(ConflictDetail Detail, string Program)>();
        var open = new List<(ConflictDetail Detail, string Reason)>();
        foreach (var detail in await ListAsync(configuration, daemon, plan, cancellationToken))
        {
            try
            {
                var merge = CommandFor(configuration, detail) ?? throw new RefusedException(
                    $"no merge command is configured for it: [[merge]] with a pattern that it matches, in {files.Main}");
                await MergeAsync(daemon, detail, merge, plan.Kept, cancellationToken);
                merged.Add((detail, merge.Command[0]));
            }
            catch (IOException exception)
            {
                open.Add((detail, exception.Message));
            }
        }

        Tell(merged, open, json);
        return open.Count == 0 ? ExitCode.Done : ExitCode.Error;
    }

    private static async Task<IReadOnlyList<ConflictDetail>> ListAsync(
        LentoConfiguration configuration, DaemonClient daemon, MergePlan plan, CancellationToken cancellationToken)
    {
        if (plan.Request.Id.Length > 0)
        {
            return [await daemon.Control.ShowConflictAsync(plan.Request, cancellationToken: cancellationToken)];
        }

        var all = new List<Conflict>();
        using (var call = daemon.Control.ListConflicts(new ListConflictsRequest { Fileset = plan.Request.Fileset }, cancellationToken: cancellationToken))
        {
            await foreach (var conflict in call.ResponseStream.ReadAllAsync(cancellationToken))
            {
                all.Add(conflict);
            }
        }

        var details = new List<ConflictDetail>();
        foreach (var conflict in all)
        {
            if (await TryShowAsync(daemon, conflict, cancellationToken) is { Waits: false } detail && CommandFor(configuration, detail) is not null && AreFiles(detail))
            {
                details.Add(detail);
            }
        }

        return details;
    }

    /// <summary>Null: it was resolved meanwhile, on another machine.</summary>
    private static async Task<ConflictDetail?> TryShowAsync(DaemonClient daemon, Conflict conflict, CancellationToken cancellationToken)
    {
        try
        {
            return await daemon.Control.ShowConflictAsync(new ConflictRequest { Fileset = conflict.Fileset, Id = conflict.Id }, cancellationToken: cancellationToken);
        }
        catch (RpcException exception) when (exception.StatusCode == StatusCode.NotFound)
        {
            return null;
        }
    }

    private static MergeConfiguration? CommandFor(LentoConfiguration configuration, ConflictDetail detail)
    {
        var path = ConflictParts.PathOf(detail.Place);
        return configuration.Merges.FirstOrDefault(merge => merge.IsFor(detail.Conflict.Fileset, path));
    }

    /// <summary>A kept file, and a file in the tree: all else a command has nothing to do with.</summary>
    private static bool AreFiles(ConflictDetail detail) =>
        detail.Kept.Count > 0 && detail.Kept.All(version => ConflictParts.ShapeOf(version) == Shape.File) &&
        ConflictParts.KindOf(detail.Place) is PlaceKind.Object or PlaceKind.Other;

    private static async Task MergeAsync(DaemonClient daemon, ConflictDetail detail, MergeConfiguration merge, string? kept, CancellationToken cancellationToken)
    {
        var version = ConflictParts.Choose(detail, kept);
        var name = detail.Place.Name.ToByteArray();
        using var directory = AreFiles(detail) ? UserDirectory.TryOpen(detail.Mount, detail.Place.Directory.ToByteArray()) : null;
        using var there = directory?.Look(name);
        if (version is null || there is null || ResolutionRules.ShapeOf(there.Mode) != Shape.File)
        {
            throw new RefusedException("only two versions of a file, one of them in the tree, can be merged");
        }

        using var files = new MergeFiles(ByteName.ForPeople(name));
        foreach (var file in (ReadOnlySpan<string>)[files.Ours, files.Base, files.Tree])
        {
            File.WriteAllBytes(file, []);
        }

        there.CopyTo(files.Tree);
        File.Copy(files.Tree, files.Ours, overwrite: true);
        var read = new ReadKeptRequest { Fileset = detail.Conflict.Fileset, Id = detail.Conflict.Id, Name = version.Name };
        await KeptTransfer.CopyContentAsync(daemon, read, files.Theirs, cancellationToken);
        await MergeProgram.RunAsync(merge, files, cancellationToken);
        RequireUnchanged(directory!, name, files);
        await ConflictsResolveCommand.ResolveAsync(daemon, detail, files.Merged, kept, cancellationToken);
    }

    /// <summary>What a program wrote meanwhile would be lost.</summary>
    private static void RequireUnchanged(UserDirectory directory, byte[] name, MergeFiles files)
    {
        using var now = directory.Look(name);
        using var before = UserObject.Open(files.Tree);
        if (now is null || ResolutionRules.ShapeOf(now.Mode) != Shape.File || !now.HasContentOf(before))
        {
            throw new RefusedException("it was changed in the tree while it was merged: try again");
        }
    }

    private static void Tell(List<(ConflictDetail Detail, string Program)> merged, List<(ConflictDetail Detail, string Reason)> open, bool json)
    {
        if (json)
        {
            CtlJson.Print(
                new MergesOutput([.. merged.Select(it => MergeOutput.Of(it.Detail, null))], [.. open.Select(it => MergeOutput.Of(it.Detail, it.Reason))]),
                CtlJson.Default.MergesOutput);
            return;
        }

        foreach (var (detail, program) in merged)
        {
            Console.WriteLine($"{PathOf(detail)} is what {program} made of both versions. Conflict {detail.Conflict.Id} is resolved.");
        }

        foreach (var (detail, reason) in open)
        {
            Console.Error.WriteLine($"intermezzo-ctl: conflict {detail.Conflict.Id}, {PathOf(detail)}, stays open: {reason}");
        }

        if (merged.Count + open.Count == 0)
        {
            Console.WriteLine("No conflict for which a merge command is configured.");
        }
    }

    private static string PathOf(ConflictDetail detail) => ByteName.ForPeople(ConflictParts.PathOf(detail.Place));
}

/// <param name="Merged">These are resolved.</param>
/// <param name="Open">These aren't.</param>
internal sealed record MergesOutput(IReadOnlyList<MergeOutput> Merged, IReadOnlyList<MergeOutput> Open);

/// <param name="Path">Below the mount.</param>
/// <param name="Reason">Why it isn't resolved.</param>
internal sealed record MergeOutput(string Id, string Fileset, string Path, bool? PathEscaped, string? Reason)
{
    public static MergeOutput Of(ConflictDetail detail, string? reason)
    {
        var (path, escaped) = ByteName.ForJson(ConflictParts.PathOf(detail.Place));
        return new MergeOutput(detail.Conflict.Id, detail.Conflict.Fileset, path, escaped ? true : null, reason);
    }
}
