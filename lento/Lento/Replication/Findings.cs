// SPDX-License-Identifier: GPL-2.0-or-later
using Google.Protobuf;
using InterMezzo.Journal;
using InterMezzo.Protocol.Replication;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Lento.Replication;

/// <summary>
/// What a server tells the maker of an update that has lost: how all that the update was about stands here, at the time
/// of telling. What changes after that has its records, which replay on whatever was told.
/// </summary>
internal static class Findings
{
    /// <param name="lost">What has lost, or is asked about.</param>
    /// <param name="tree">This replica's.</param>
    /// <param name="deferred">Contents that wait here: of those the client made, it has the mtimes already.</param>
    public static IEnumerable<Finding> Of(LossMark lost, IReplicaTree tree, DeferredContents deferred)
    {
        var places = new List<(Fid Parent, byte[] Name)>(lost.Names);
        foreach (var fid in lost.Objects)
        {
            if (tree.PlaceOf(fid) is { } place && !places.Exists(known => known.Parent == place.Parent && known.Name.AsSpan().SequenceEqual(place.Name)))
            {
                places.Add(place);
            }
        }

        foreach (var (parent, name) in places)
        {
            if (At(parent, name, tree, fid => deferred.Find(fid)?.Peer == lost.Peer) is { } finding)
            {
                if (lost.IsContent && !finding.Fid.IsEmpty && WireTypes.ReadFid(finding.Fid) == lost.Objects[0])
                {
                    (finding.Lost, finding.Replica, finding.Counter) = (true, lost.Update.Replica, lost.Update.Counter);
                }

                yield return finding;
            }
        }

        foreach (var fid in lost.Objects)
        {
            using var still = tree.Open(fid);
            if (still is null || IsAway(still, tree))
            {
                yield return new Finding { Fid = WireTypes.Write(fid) };
            }
        }
    }

    /// <summary>What a client asks about an update of the server's that found no place there.</summary>
    public static Question About(LossMark unfit)
    {
        var question = new Question();
        question.Names.Add(unfit.Names.Select(place => new Place { Parent = WireTypes.Write(place.Parent), Name = ByteString.CopyFrom(place.Name) }));
        question.Objects.Add(unfit.Objects.Select(WireTypes.Write));
        return question;
    }

    /// <param name="question">Of a client.</param>
    /// <param name="peer">The client.</param>
    /// <param name="source">Where the question stands in its log.</param>
    public static LossMark Answer(Question question, ulong peer, ulong source) => new(
        peer,
        source,
        default,
        [.. question.Names.Select(place => (WireTypes.ReadFid(place.Parent), place.Name.ToByteArray()))],
        [.. question.Objects.Select(WireTypes.ReadFid)],
        IsContent: false);

    /// <summary>In the conflict store, for one, and by no other name in the tree.</summary>
    private static bool IsAway(ITreeObject it, IReplicaTree tree) =>
        it.ReadState().Attr is var attr && (attr.Links == 1 || RecordFacts.IsDirectory(attr.Mode)) && tree.IsAway(it.Fid);

    /// <summary>Null: there is no such directory in the tree.</summary>
    private static Finding? At(Fid parent, byte[] name, IReplicaTree tree, Predicate<Fid> isToCome)
    {
        using var directory = tree.Open(parent);
        if (directory is null || tree.IsAway(parent))
        {
            return null;
        }

        using var entry = tree.OpenAt(parent, name);
        var finding = new Finding
        {
            Parent = WireTypes.Write(parent),
            Name = ByteString.CopyFrom(name),
            ParentAttr = WireTypes.Write(directory.ReadState().Attr),
        };
        if (entry is not null)
        {
            var state = entry.ReadState();
            var left = isToCome(entry.Fid) ? AttrValid.ModifyTime : 0;
            var attr = state.Attr with { Valid = state.Attr.Valid & ~left };
            WireTypes.AddState(finding, entry.Fid, new ObjectState { Attr = attr, Target = state.Target, Xattrs = state.Xattrs });
        }

        return finding;
    }
}
