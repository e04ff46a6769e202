// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Protocol.Replication;

public sealed partial class SnapshotRequest
{
    public void Validate()
    {
        Require.Fileset(Fileset);
        if (!Fid.IsEmpty)
        {
            Require.Fid(Fid);
        }
    }
}

public sealed partial class SnapshotItem
{
    public void Validate()
    {
        Require.That(KindCase != KindOneofCase.None, "an empty item");
        Start?.Validate();
        Objects?.Validate();
    }
}

public sealed partial class SnapshotStart
{
    public void Validate()
    {
        Require.Replica(Replica);
        Require.Fid(Root);
        Position?.Validate();
    }
}

public sealed partial class SnapshotObjects
{
    public void Validate()
    {
        Require.AtMost(Objects.Count, WireLimits.ObjectsPerMessage);
        foreach (var item in Objects)
        {
            item.Validate();
        }
    }
}

public sealed partial class SnapshotObject
{
    public void Validate()
    {
        Require.Fid(Fid);
        Require.That(Parent.IsEmpty == Name.IsEmpty, "a name without a parent, or the other way round");
        if (!Parent.IsEmpty)
        {
            Require.Fid(Parent);
            Require.EntryName(Name);
        }

        Require.Length(Attr, WireLimits.Attr);
        Require.AtMost(Target.Length, WireLimits.Target);
        Require.That(!Target.Span.Contains((byte)0), "a target with a NUL");
        Xattr.Validate(Xattrs);
    }
}

public sealed partial class FetchRequest
{
    public void Validate(bool first)
    {
        Require.That(first != (Fileset.Length == 0), "the fileset stands in the first message, and only there");
        if (first)
        {
            Require.Fileset(Fileset);
        }

        Require.AtMost(Wants.Count, WireLimits.WantsPerMessage);
        foreach (var want in Wants)
        {
            Require.Fid(want.Fid);
            Require.That(want.Offset <= WireLimits.FileSize, "an offset beyond the end of files");
        }
    }
}

public sealed partial class FetchItem
{
    public void Validate()
    {
        Require.AtMost(Pieces.Count, WireLimits.WantsPerMessage);
        foreach (var piece in Pieces)
        {
            Require.AtMost(piece.Data.Length, WireLimits.Piece);
            Require.That(piece.Offset <= WireLimits.FileSize - (ulong)piece.Data.Length, "a piece beyond the end of files");
            Require.That(piece.Size <= WireLimits.FileSize, "a size beyond the end of files");
            Require.LengthOrNone(piece.Attr, WireLimits.Attr);
        }
    }
}
