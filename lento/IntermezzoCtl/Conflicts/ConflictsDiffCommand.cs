// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics;
using InterMezzo.Configuration;
using InterMezzo.Platform;
using InterMezzo.Protocol.Control;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Ctl;

internal static class ConflictsDiffCommand
{
    public static async Task<int> RunAsync(ConfigurationFiles files, ConflictRequest request, string? kept, CancellationToken cancellationToken)
    {
        using var daemon = DaemonClient.Connect(files);
        var detail = await daemon.Control.ShowConflictAsync(request, cancellationToken: cancellationToken);
        var version = ConflictParts.Choose(detail, kept)
            ?? throw new RefusedException($"conflict {detail.Conflict.Id} keeps no version, only an update that was not applied; `intermezzo-ctl conflicts show {detail.Conflict.Id}` tells it");
        if (ConflictParts.ShapeOf(version) != Shape.File)
        {
            throw new RefusedException($"what conflict {detail.Conflict.Id} keeps is no file: there is nothing to compare");
        }

        var place = Directory.CreateTempSubdirectory("intermezzo-ctl-");
        try
        {
            var theirs = Path.Combine(place.FullName, "kept");
            var read = new ReadKeptRequest { Fileset = detail.Conflict.Fileset, Id = detail.Conflict.Id, Name = version.Name };
            await KeptTransfer.CopyContentAsync(daemon, read, theirs, cancellationToken);
            return await CompareAsync(detail, Path.Combine(place.FullName, "tree"), theirs, cancellationToken);
        }
        finally
        {
            place.Delete(recursive: true);
        }
    }

    private static async Task<int> CompareAsync(ConflictDetail detail, string ours, string theirs, CancellationToken cancellationToken)
    {
        var shown = ByteName.ForPeople(ConflictParts.PathOf(detail.Place));
        using var directory = ConflictParts.KindOf(detail.Place) is PlaceKind.Object or PlaceKind.Other
            ? UserDirectory.TryOpen(detail.Mount, detail.Place.Directory.ToByteArray()) : null;
        using var there = directory?.Look(detail.Place.Name.ToByteArray());
        using var kept = UserObject.Open(theirs);
        if (there is not null && ResolutionRules.ShapeOf(there.Mode) != Shape.File)
        {
            throw new RefusedException($"{shown} is no file: there is nothing to compare");
        }

        if (there?.HasContentOf(kept) == true)
        {
            return ExitCode.Done;
        }

        if (there?.IsText() == false || !kept.IsText())
        {
            var size = there is null ? "isn't in the tree" : $"has {there.Size} bytes in the tree";
            Console.WriteLine($"{shown} {size}, {kept.Size} bytes in the kept version: they differ, and are no text.");
            return ExitCode.Different;
        }

        await File.WriteAllBytesAsync(ours, [], cancellationToken);
        there?.CopyTo(ours);
        string[] labels = ["--label", there is null ? "/dev/null" : $"{shown} (tree)", "--label", $"{shown} (kept, {ConflictParts.NameOfLoser(detail)})"];
        using var diff = Process.Start(new ProcessStartInfo("diff", ["-u", "-a", .. labels, ours, theirs]))!;
        await diff.WaitForExitAsync(cancellationToken);
        return diff.ExitCode == 1 ? ExitCode.Different : ExitCode.Error;
    }
}
