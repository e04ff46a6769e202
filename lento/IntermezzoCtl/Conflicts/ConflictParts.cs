// SPDX-License-Identifier: GPL-2.0-or-later
using System.Text;
using InterMezzo.Journal;
using InterMezzo.Protocol.Control;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;
using KeptObject = InterMezzo.Protocol.Control.KeptObject;

namespace InterMezzo.Ctl;

/// <summary>What was asked for makes no sense here; the message says why, and what does.</summary>
internal sealed class RefusedException(string message) : IOException(message);

/// <summary>Wire to domain.</summary>
internal static class ConflictParts
{
    public static PlaceKind KindOf(TreePlace place) => place.Kind switch
    {
        TreePlace.Types.Kind.Object => PlaceKind.Object,
        TreePlace.Types.Kind.Other => PlaceKind.Other,
        TreePlace.Types.Kind.Free => PlaceKind.Free,
        _ => PlaceKind.NoDirectory,
    };

    public static byte[] PathOf(TreePlace place) => place.Directory.IsEmpty ? place.Name.ToByteArray() : [.. place.Directory.Span, (byte)'/', .. place.Name.Span];

    public static ObjectState StateOf(KeptObject kept) => new()
    {
        Attr = KmlAttr.Read(kept.Attr.Span),
        Target = kept.Target.IsEmpty ? null : kept.Target.ToByteArray(),
        Xattrs = [.. kept.Xattrs.Select(xattr => new Xattr(xattr.Name.ToByteArray(), xattr.Value.ToByteArray()))],
    };

    public static Shape ShapeOf(KeptVersion? version) => version is null ? Shape.Nothing : ResolutionRules.ShapeOf(KmlAttr.Read(version.Attr.Span).Mode);

    public static string TypeOf(uint mode) => (mode & 0xf000) switch
    {
        0x8000 => "file",
        0x4000 => "directory",
        0xa000 => "symlink",
        0x2000 => "character device",
        0x6000 => "block device",
        0x1000 => "fifo",
        _ => "socket",
    };

    /// <summary>The one version that is kept, or that was named. Null: none is kept.</summary>
    public static KeptVersion? Choose(ConflictDetail detail, string? name)
    {
        if (name is not null)
        {
            return detail.Kept.FirstOrDefault(version => version.Name.Span.SequenceEqual(Encoding.UTF8.GetBytes(name)) || ByteName.ForPeople(version.Name.Span) == name)
                ?? throw new RefusedException($"conflict {detail.Conflict.Id} keeps no version of the name {name}; `intermezzo-ctl conflicts show {detail.Conflict.Id}` lists them");
        }

        return detail.Kept.Count < 2 ? detail.Kept.FirstOrDefault() : throw new RefusedException(
            $"conflict {detail.Conflict.Id} keeps several versions: choose one with --kept: {string.Join(", ", detail.Kept.Select(version => ByteName.ForPeople(version.Name.Span)))}");
    }

    public static string NameOfLoser(ConflictDetail detail) => Name(detail.Loser, detail.Conflict.LoserReplica);

    public static string NameOfWinner(ConflictDetail detail) => Name(detail.Winner, detail.Conflict.WinnerReplica);

    private static string Name(string machine, ulong replica) => machine.Length > 0 ? machine : Amount.Replica(replica);
}
