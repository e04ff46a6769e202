// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Configuration;
using InterMezzo.Journal;
using InterMezzo.Protocol.Control;
using InterMezzo.Replication.Ports;
using Conflict = InterMezzo.Protocol.Control.Conflict;

namespace InterMezzo.Ctl;

internal static class ConflictsShowCommand
{
    public static async Task<int> RunAsync(ConfigurationFiles files, ConflictRequest request, bool json, CancellationToken cancellationToken)
    {
        using var daemon = DaemonClient.Connect(files);
        var detail = await daemon.Control.ShowConflictAsync(request, cancellationToken: cancellationToken);
        if (json)
        {
            CtlJson.Print(ConflictShowOutput.Of(detail), CtlJson.Default.ConflictShowOutput);
        }
        else
        {
            Show(detail, Console.Out);
        }

        return ExitCode.Done;
    }

    private static void Show(ConflictDetail detail, TextWriter to)
    {
        var conflict = detail.Conflict;
        to.WriteLine($"Conflict {conflict.Id} in fileset {conflict.Fileset}: {conflict.Reason}");
        to.WriteLine($"  kept      the version of {ConflictParts.NameOfLoser(detail)} ({Amount.Replica(conflict.LoserReplica)}:{conflict.LoserCounter})");
        foreach (var found in detail.Found)
        {
            var winner = found.WinnerReplica == conflict.WinnerReplica ? ConflictParts.NameOfWinner(detail) : Amount.Replica(found.WinnerReplica);
            to.WriteLine($"  found     {TimeOf(found.WhenUnixMs)}, {found.Reason}: lost to {winner} ({Amount.Replica(found.WinnerReplica)}:{found.WinnerCounter})");
        }

        to.WriteLine($"  object    {RecordWords.Of(Fid.Read(detail.Object.Span))}, then at {ByteName.ForPeople(conflict.Path.Span)}");
        to.WriteLine($"  in tree   {PlaceText(detail)}");
        to.WriteLine($"  store     .intermezzo/{conflict.Fileset}/conflicts/{conflict.Directory}");
        foreach (var version in detail.Kept)
        {
            WriteVersion(version, to);
        }

        foreach (var update in detail.Updates)
        {
            to.WriteLine($"  not done  {RecordText.What(RecordView.Parse(update.Record.Span))}");
        }
    }

    private static string PlaceText(ConflictDetail detail)
    {
        var path = $"{detail.Mount}/{ByteName.ForPeople(ConflictParts.PathOf(detail.Place))}";
        return ConflictParts.KindOf(detail.Place) switch
        {
            PlaceKind.Object => path,
            PlaceKind.Other => $"{path}, which is something else",
            PlaceKind.Free => $"nothing is at {path}",
            _ => $"the directory of {path} is gone",
        };
    }

    private static void WriteVersion(KeptVersion version, TextWriter to)
    {
        var attr = KmlAttr.Read(version.Attr.Span);
        var size = version.Objects > 1 ? $"{Amount.Of(version.Objects)} objects, {Amount.OfBytes(version.Bytes)}" : $"{Amount.Of(attr.Size)} bytes";
        to.WriteLine(
            $"  kept as   {ByteName.ForPeople(version.Name.Span)}: {ConflictParts.TypeOf(attr.Mode)}, mode {Convert.ToString(attr.Mode & 0xfff, 8)}, uid {attr.Uid}, gid {attr.Gid}, "
            + $"{size}, changed {RecordWords.Of(attr.ModifyTime)}{(version.Target.IsEmpty ? "" : $", -> {ByteName.ForPeople(version.Target.Span)}")}");
        if (version.Xattrs.Count > 0)
        {
            to.WriteLine($"            xattrs {string.Join(", ", version.Xattrs.Select(xattr => ByteName.ForPeople(xattr.Name.Span)))}");
        }
    }

    private static string TimeOf(long milliseconds) => Amount.Time(DateTimeOffset.FromUnixTimeMilliseconds(milliseconds));
}
