// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;
using Carry = InterMezzo.Protocol.Replication.Carry;

namespace InterMezzo.Lento.Replication;

/// <summary>Both sides did the same, neither knowing: that is no conflict, whoever's update comes first.</summary>
internal sealed partial class BatchApplier
{
    private const AttrValid Compared = AttrValid.Mode | AttrValid.Uid | AttrValid.Gid;

    /// <summary>What an update makes of something, that has become of it here as well; times aside.</summary>
    private bool IsSameHere(IncomingRecord record, RecordView view)
    {
        var fid = RecordFacts.Object(view, replica.Self);
        switch (view.Op)
        {
            case Op.Close:
                return record is { Carry: Carry.Here, Content: { } content } && _applier.Holds(fid, new ObjectState { Attr = default }, content) &&
                    (!view.Flags.HasFlag(RecordFlags.Attr) || HasAttributes(fid, view));
            case Op.SetAttr:
                return view.TryGetAttr(out var attr) && (attr.Valid & ~(Compared | AttrValid.AccessTime | AttrValid.ChangeTime)) == 0 && HasAttributes(fid, view);
            case Op.SetXattr or Op.RemoveXattr:
                return HasXattr(fid, view);
            case Op.Link:
                return StandsAt(RecordFacts.Parent(view, replica.Self), view.Name, fid);
            case Op.Rename:
                return !view.TryGetReplaced(out _) && StandsAt(RecordFacts.SecondParent(view, replica.Self), view.Name2, fid) &&
                    !StandsAt(RecordFacts.Parent(view, replica.Self), view.Name, fid);
            default:
                return false;
        }
    }

    private bool HasAttributes(Fid fid, RecordView view)
    {
        using var there = replica.Tree.Open(fid);
        if (there is null || !view.TryGetAttr(out var attr))
        {
            return false;
        }

        var here = there.ReadState().Attr;
        return (!attr.Has(AttrValid.Mode) || attr.Mode == here.Mode) &&
            (!attr.Has(AttrValid.Uid) || attr.Uid == here.Uid) &&
            (!attr.Has(AttrValid.Gid) || attr.Gid == here.Gid);
    }

    private bool HasXattr(Fid fid, RecordView view)
    {
        using var there = replica.Tree.Open(fid);
        if (there?.ReadState().Xattrs is not { } xattrs)
        {
            return false;
        }

        var (name, value) = (view.XattrName.ToArray(), view.XattrValue.ToArray());
        var here = xattrs.FirstOrDefault(xattr => xattr.Name.AsSpan().SequenceEqual(name));
        return view.Op == Op.RemoveXattr ? here == default : here.Value?.AsSpan().SequenceEqual(value) == true;
    }

    private bool StandsAt(Fid parent, ReadOnlySpan<byte> name, Fid fid)
    {
        using var there = replica.Tree.OpenAt(parent, name);
        return there?.Fid == fid;
    }
}
