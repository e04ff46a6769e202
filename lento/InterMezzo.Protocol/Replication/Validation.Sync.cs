// SPDX-License-Identifier: GPL-2.0-or-later
using Google.Protobuf.Collections;

namespace InterMezzo.Protocol.Replication;

public sealed partial class ClientMessage
{
    /// <summary>Throws <see cref="InvalidMessageException"/> unless the message is well-formed.</summary>
    public void Validate()
    {
        Require.That(KindCase != KindOneofCase.None, "an empty message");
        Hello?.Validate();
        Frame?.Validate();
    }
}

public sealed partial class ServerMessage
{
    public void Validate()
    {
        Require.That(KindCase != KindOneofCase.None, "an empty message");
        Welcome?.Validate();
        Frame?.Validate();
    }
}

public sealed partial class Position
{
    public void Validate() => Require.Length(Log, WireLimits.Log);
}

public sealed partial class Progress
{
    public void Validate()
    {
        Require.That(Applied is not null, "progress without a position");
        Applied.Validate();
        Require.That(Source == 0 || Source >= Applied.Offset, "a source below the position");
        Require.That(Counts <= WireLimits.Count, "a count beyond all bounds");
    }
}

public sealed partial class Staged
{
    public void Validate()
    {
        Require.Fid(Fid);
        Require.That(Source != 0 && Length <= WireLimits.FileSize, "not a staged content");
    }
}

public sealed partial class Hello
{
    public void Validate()
    {
        Require.Fileset(Fileset);
        Require.Replica(Replica);
        Require.LengthOrNone(Log, WireLimits.Log);
        Require.That(Restart is null || (Restart.Offset != 0 && Restart.Check != 0 && !Log.IsEmpty), "a restart of no log");
        Greeting.Validate(Features, Progress, Staged);
    }
}

public sealed partial class Welcome
{
    public void Validate()
    {
        Require.Replica(Replica);
        Require.LengthOrNone(Log, WireLimits.Log);
        Require.That(Mode is Types.Mode.Live or Types.Mode.SnapshotOnly or Types.Mode.Rejoin, "an unknown mode");
        Require.That(Mode != Types.Mode.Live || !Log.IsEmpty, "live without a log");
        Require.AtMost(Reason.Length, 1024);
        Greeting.Validate(Features, Progress, Staged);
    }
}

/// <summary>What both greetings share.</summary>
internal static class Greeting
{
    public static void Validate(RepeatedField<string> features, Progress? progress, RepeatedField<Staged> staged)
    {
        Require.AtMost(features.Count, WireLimits.Features);
        foreach (var feature in features)
        {
            Require.AtMost(feature.Length, WireLimits.Feature);
        }

        progress?.Validate();
        Require.AtMost(staged.Count, WireLimits.Staged);
        foreach (var content in staged)
        {
            content.Validate();
        }
    }
}

public sealed partial class Frame
{
    public void Validate()
    {
        switch (KindCase)
        {
            case KindOneofCase.Begin:
                Require.That(Begin.Number != 0 && Begin.From != 0, "not a batch");
                break;
            case KindOneofCase.Records:
                Records.Validate();
                break;
            case KindOneofCase.Content:
                Content.Validate();
                break;
            case KindOneofCase.End:
                Require.That(End.Number != 0 && End.To != 0, "not the end of a batch");
                Require.AtMost(End.Dropped.Count, WireLimits.RecordsPerMessage * 8);
                break;
            case KindOneofCase.Instead:
                Instead.Validate();
                Require.That(Instead.Anew, "a record once more, with the content that came already");
                break;
            case KindOneofCase.Ack:
                Require.That(Ack.Number != 0, "not an acknowledgement");
                break;
            case KindOneofCase.Permit:
                Require.That(Permit.Kind is >= Permit.Types.Kind.Want and <= Permit.Types.Kind.Release, "an unknown word about the permit");
                break;
            case KindOneofCase.Resolved:
                Resolved.Validate();
                break;
            case KindOneofCase.Barrier or KindOneofCase.BarrierReply:
                break;
            default:
                throw new InvalidMessageException("an unknown frame");
        }
    }
}

public sealed partial class Resolved
{
    public void Validate()
    {
        Require.That(Conflicts.Count > 0, "nothing that was resolved");
        Require.AtMost(Conflicts.Count, WireLimits.ResolvedPerMessage);
        foreach (var conflict in Conflicts)
        {
            conflict.Validate();
        }
    }
}

public sealed partial class ResolvedConflict
{
    public void Validate()
    {
        Require.Replica(LoserReplica);
        Require.That(LoserCounter <= WireLimits.Count, "a count beyond all bounds");
        Require.Fid(Fid);
        Require.That(LoserCounter != 0 || Kept.Count > 0, "resolved, and nothing tells what");
        Require.AtMost(Kept.Count, WireLimits.ResolvedKept);
        foreach (var digest in Kept)
        {
            Require.Length(digest, WireLimits.Digest);
        }
    }
}

public sealed partial class Records
{
    public void Validate()
    {
        Require.AtMost(Records_.Count, WireLimits.RecordsPerMessage);
        foreach (var record in Records_)
        {
            record.Validate();
        }
    }
}

public sealed partial class Record
{
    public void Validate()
    {
        Require.That(Source != 0, "a record without a source");
        Require.That((Data.IsEmpty ? 0 : 1) + (Echo == 0 ? 0 : 1) + (Question is null ? 0 : 1) == 1, "a record is either data, an echo or a question");
        Require.That(Data.IsEmpty || Data.Length is >= WireLimits.RecordMin and <= WireLimits.Record, "not the length of a record");
        Require.That(Carry is >= Carry.None and <= Carry.Gone, "an unknown way to carry");
        Require.That(Carry is Carry.Here or Carry.Folded || Version == 0, "a version without content");
        Require.That(Carry is not (Carry.Here or Carry.Folded) || Version >= Source || Carry == Carry.Folded, "a version before its record");
        Require.That(!Data.IsEmpty || Carry == Carry.None, "content without a record");
        Require.That(!Anew || Carry == Carry.Here, "anew without content");
        Require.LengthOrNone(Attr, WireLimits.Attr);
        Require.AtMost(Target.Length, WireLimits.Target);
        Require.That(!Target.Span.Contains((byte)0), "a target with a NUL");
        Xattr.Validate(Xattrs);
        Require.That(Findings.Count == 0 || Echo != 0, "findings without an echo");
        Require.AtMost(Findings.Count, WireLimits.Findings);
        foreach (var finding in Findings)
        {
            finding.Validate();
        }

        Question?.Validate();
    }
}

public sealed partial class Question
{
    public void Validate()
    {
        Require.That(Names.Count + Objects.Count > 0, "a question about nothing");
        Require.AtMost(Names.Count, WireLimits.Asked);
        Require.AtMost(Objects.Count, WireLimits.Asked);
        foreach (var place in Names)
        {
            Require.Fid(place.Parent);
            Require.EntryName(place.Name);
        }

        foreach (var fid in Objects)
        {
            Require.Fid(fid);
        }
    }
}

public sealed partial class Finding
{
    public void Validate()
    {
        if (!Parent.IsEmpty)
        {
            Require.Fid(Parent);
            Require.EntryName(Name);
            Require.Length(ParentAttr, WireLimits.Attr);
        }

        Require.That(Lost == (Replica != 0), "a content that was lost, and nobody made");
        Require.That(Parent.IsEmpty == Name.IsEmpty && (!Fid.IsEmpty || !Parent.IsEmpty), "a finding of nothing");
        Require.LengthOrNone(Fid, WireLimits.Fid);
        Require.That(Attr.IsEmpty == (Fid.IsEmpty || Parent.IsEmpty), "a finding with half of what belongs to it");
        Require.LengthOrNone(Attr, WireLimits.Attr);
        Require.That(!Lost || !Attr.IsEmpty, "a lost content of nothing");
        if (!Fid.IsEmpty)
        {
            Require.Fid(Fid);
        }

        Require.AtMost(Target.Length, WireLimits.Target);
        Require.That(!Target.Span.Contains((byte)0), "a target with a NUL");
        Xattr.Validate(Xattrs);
    }
}

public sealed partial class Xattr
{
    internal static void Validate(RepeatedField<Xattr> xattrs)
    {
        Require.AtMost(xattrs.Count, WireLimits.Xattrs);
        foreach (var xattr in xattrs)
        {
            Require.Name(xattr.Name, WireLimits.XattrName);
            Require.AtMost(xattr.Value.Length, WireLimits.XattrValue);
        }
    }
}

public sealed partial class Content
{
    public void Validate()
    {
        Require.That(Source != 0, "a content without a source");
        Require.AtMost(Data.Length, WireLimits.Piece);
        Require.That(Offset <= WireLimits.FileSize - (ulong)Data.Length, "a content beyond the end of files");
        Require.That(Last || Size == 0, "a size before the end");
        Require.That(Size <= WireLimits.FileSize, "a size beyond the end of files");
    }
}
