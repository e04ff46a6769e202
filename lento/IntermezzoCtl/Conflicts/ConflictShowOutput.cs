// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Protocol.Control;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Ctl;

/// <summary>One conflict for programs.</summary>
/// <param name="Conflict">As `conflicts list` tells it.</param>
/// <param name="LoserMachine">Null: it isn't known by a name.</param>
/// <param name="WinnerMachine">The same.</param>
/// <param name="Object">replica.inode.generation</param>
/// <param name="Found">Each time it was found.</param>
/// <param name="Tree">Where it is in the tree, or would be.</param>
/// <param name="Versions">What is kept.</param>
/// <param name="NotDone">Updates that were not applied.</param>
internal sealed record ConflictShowOutput(
    ConflictOutput Conflict, string? LoserMachine, string? WinnerMachine, string Object, IReadOnlyList<FoundOutput> Found, TreeOutput Tree,
    IReadOnlyList<VersionOutput> Versions, IReadOnlyList<string> NotDone)
{
    public static ConflictShowOutput Of(ConflictDetail detail) => new(
        ConflictOutput.Of(detail.Conflict),
        detail.Loser.Length > 0 ? detail.Loser : null,
        detail.Winner.Length > 0 ? detail.Winner : null,
        RecordWords.Of(Fid.Read(detail.Object.Span)),
        [.. detail.Found.Select(found => new FoundOutput(
            found.Reason,
            Amount.Time(DateTimeOffset.FromUnixTimeMilliseconds(found.WhenUnixMs)),
            new UpdateOutput(Amount.Replica(found.WinnerReplica), found.WinnerCounter)))],
        TreeOutput.Of(detail),
        [.. detail.Kept.Select(VersionOutput.Of)],
        [.. detail.Updates.Select(update => RecordText.What(RecordView.Parse(update.Record.Span)))]);
}

internal sealed record FoundOutput(string Reason, string When, UpdateOutput Winner);

/// <param name="Mount">Where the fileset is.</param>
/// <param name="What">object, other, free or noDirectory.</param>
/// <param name="Path">Below the mount.</param>
internal sealed record TreeOutput(string Mount, string What, string Path, bool? PathEscaped)
{
    public static TreeOutput Of(ConflictDetail detail)
    {
        var (path, escaped) = ByteName.ForJson(ConflictParts.PathOf(detail.Place));
        var what = ConflictParts.KindOf(detail.Place) switch
        {
            PlaceKind.Object => "object",
            PlaceKind.Other => "other",
            PlaceKind.Free => "free",
            _ => "noDirectory",
        };
        return new TreeOutput(detail.Mount, what, path, escaped ? true : null);
    }
}

/// <param name="Objects">With all below it.</param>
/// <param name="Bytes">Of all contents.</param>
internal sealed record VersionOutput(
    string Name, bool? NameEscaped, string Type, string Mode, uint Uid, uint Gid, ulong Size, string Modified,
    string? Target, bool? TargetEscaped, IReadOnlyList<string> Xattrs, bool? XattrsEscaped, ulong Objects, ulong Bytes)
{
    public static VersionOutput Of(KeptVersion version)
    {
        var attr = KmlAttr.Read(version.Attr.Span);
        var (name, nameEscaped) = ByteName.ForJson(version.Name.Span);
        var (target, targetEscaped) = ByteName.ForJson(version.Target.Span);
        var (xattrs, xattrsEscaped) = ByteName.ForJson(version.Xattrs.Select(xattr => xattr.Name.Memory));
        return new VersionOutput(
            name, nameEscaped ? true : null, ConflictParts.TypeOf(attr.Mode), Convert.ToString(attr.Mode & 0xfff, 8), attr.Uid, attr.Gid, attr.Size,
            RecordWords.Of(attr.ModifyTime), version.Target.IsEmpty ? null : target, targetEscaped ? true : null, xattrs, xattrsEscaped ? true : null,
            version.Objects, version.Bytes);
    }
}
