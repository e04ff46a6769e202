// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Lento.Replication;

/// <summary>An object that a record or a finding needs, and that isn't here, is fetched from the peer as it is there by then.</summary>
internal sealed partial class BatchApplier
{
    /// <summary>An object that a record needed, from the peer.</summary>
    public void Enter(ApplyStep step, IncomingBatch batch, FetchedTree fetched)
    {
        var record = batch.Records[step.Next];
        var origin = record.Wire.Echo != 0 ? TakingBack(record) : OriginOf(record, RecordView.Parse(record.Data)).Aside;
        _fetched.Add(step.Missing!.Value);
        foreach (var item in fetched.Objects)
        {
            var (parent, name) = item.Parent == default ? (step.Parent, step.Name) : (item.Parent, item.Name);
            bool isPlace;
            ApplyStatus room;
            do
            {
                // While it was fetched, what other peers sent was applied, and programs went on.
                _own?.CatchUpTo(Echo);
                isPlace = (record.Wire.Echo != 0 || item.Parent != default) && !IsMovedHere(parent, name, item.Fid);
                room = isPlace ? MakeRoomFor(origin, parent, name, item.Fid) : ApplyStatus.AlreadySo;
            }
            while (room == ApplyStatus.Changed);

            if (room is not (ApplyStatus.Applied or ApplyStatus.AlreadySo))
            {
                Ask(record);
                AskAbout(item.Fid);
                continue;
            }

            InterMezzo.Replication.Ports.Content? content;
            ApplyOutcome outcome;
            do
            {
                if (IsRemovedHere(item.Fid) || (item.Parent != default && IsRemovedHere(item.Parent)))
                {
                    outcome = ApplyOutcome.AlreadySo;
                    content = null;
                    break;
                }

                // What was written to it here, the server has yet to judge.
                _own?.CatchUpTo(Echo);
                content = HasAsItIs(item.Fid, step.Missing.Value) ? null : item.Content;
                outcome = item.IsLink
                    ? _applier.EnterLink(origin, parent, name, item.Fid)
                    : _applier.EnterObject(origin with { Seen = _own?.Seen ?? 0 }, parent, name, item.Fid, WithOwn(item, content), content);
            }
            while (outcome.Status == ApplyStatus.Changed);

            while (isPlace && outcome.Status is ApplyStatus.Elsewhere or ApplyStatus.Changed)
            {
                // Perhaps since a moment ago.
                _own?.CatchUpTo(Echo);
                outcome = IsMovedHere(parent, name, item.Fid)
                    ? ApplyOutcome.AlreadySo
                    : MoveToPlace(origin with { Seen = _own?.Seen ?? 0 }, parent, name, item, content);
            }

            if (outcome.Status == ApplyStatus.Busy && content is not null && DeferFetched(record, item, parent, name, content))
            {
                continue;
            }

            if (!outcome.IsDone)
            {
                logger.FetchedObjectRefused(replica.Fileset, item.Fid.ToString(), outcome.Status);
                Ask(record);
                AskAbout(item.Fid);
            }
            else if (outcome.Status == ApplyStatus.Applied && HasRemoved(item.Fid))
            {
                // It was removed at the last moment, and made anew.
                var removal = RecordFacts.Removal(origin.Dot, parent, name, item.Fid, item.State.Attr with { Links = 1 });
                _applier.Apply(origin.Aside with { Seen = _own!.Seen }, RecordView.Parse(removal), null, null);
                Ask(LossMark.OfObject(peer, item.Fid));
            }
            else if (content is not null)
            {
                // It is the peer's present one: what waits came before.
                Supersede(item.Fid, UpdateKind.Writes);
            }
        }
    }

    /// <summary>A program was faster: the server has yet to judge that.</summary>
    private bool IsRemovedHere(Fid fid) => !Exists(fid) && HasRemoved(fid);

    private bool HasRemoved(Fid fid)
    {
        _own?.CatchUpTo(Echo);
        return _own?.HasRemoved(fid, Echo) == true;
    }

    /// <summary>
    /// A file that came with its directory, and stands here: records bring what is new in it, and what was written here may
    /// wait at the server for a writer. Or something was written to it that the server has yet to judge, or that is judged
    /// when what waits here enters.
    /// </summary>
    private bool HasAsItIs(Fid fid, Fid wanted) =>
        (fid != wanted && replica.Tree.PlaceOf(fid) is not null) || (Exists(fid) && (_own?.ContentOf(fid, Echo) ?? PassedOver(fid)) is not null);

    /// <summary>What was set of it here, the server has yet to judge.</summary>
    private ObjectState WithOwn(FetchedObject item, InterMezzo.Replication.Ports.Content? content)
    {
        if (_own is null || !Exists(item.Fid))
        {
            return item.State;
        }

        // The mtime is that of the content.
        var left = item.Content is not null && content is null ? AttrValid.ModifyTime : 0;
        var attr = item.State.Attr with { Valid = item.State.Attr.Valid & ~left };
        if (_own.HasAttributesOf(item.Fid, Echo))
        {
            attr = attr with
            {
                Valid = attr.Valid & ~_own.AttributesSet(item.Fid, Echo),
                ModifyTime = content is not null && _own.TimeSetSince(item.Fid, Echo) is { } set ? set : attr.ModifyTime,
            };
        }

        return new ObjectState
        {
            Attr = attr,
            Target = item.State.Target,
            Xattrs = _own.HasXattrsOf(item.Fid, Echo) ? null : item.State.Xattrs,
        };
    }
}
