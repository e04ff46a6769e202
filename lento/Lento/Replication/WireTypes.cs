// SPDX-License-Identifier: GPL-2.0-or-later
using Google.Protobuf;
using InterMezzo.Journal;
using InterMezzo.Protocol.Replication;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;
using Position = InterMezzo.Replication.Position;
using Wire = InterMezzo.Protocol.Replication;
using Xattr = InterMezzo.Replication.Ports.Xattr;

namespace InterMezzo.Lento.Replication;

/// <summary>Between the messages' bytes and the types of the core. Messages are validated before.</summary>
internal static class WireTypes
{
    public static Fid ReadFid(ByteString bytes) => Fid.Read(bytes.Span);

    public static ByteString Write(Fid fid)
    {
        Span<byte> bytes = stackalloc byte[WireLimits.Fid];
        fid.Write(bytes);
        return ByteString.CopyFrom(bytes);
    }

    public static ByteString Write(KmlAttr attr)
    {
        Span<byte> bytes = stackalloc byte[WireLimits.Attr];
        attr.Write(bytes);
        return ByteString.CopyFrom(bytes);
    }

    public static Wire.Position Write(Position position) =>
        new() { Log = ByteString.CopyFrom(position.Log.ToArray()), Offset = position.Offset };

    public static LogId ReadLog(ByteString bytes) => bytes.IsEmpty ? LogId.None : LogId.Read(bytes.Span);

    public static ByteString Write(LogId log) => log.IsNone ? ByteString.Empty : ByteString.CopyFrom(log.ToArray());

    /// <summary>What travels with a record beyond what it says itself. Null: nothing.</summary>
    public static ObjectState? ReadState(Record wire)
    {
        if (wire.Attr.IsEmpty && !wire.HasXattrs && wire.Target.IsEmpty)
        {
            return null;
        }

        var record = RecordView.Parse(wire.Data.Span);
        var target = wire.Target.IsEmpty ? record.Target : wire.Target.Span;
        return new ObjectState
        {
            Attr = wire.Attr.IsEmpty ? RecordFacts.StateAttr(record) ?? default : KmlAttr.Read(wire.Attr.Span),
            Target = target.IsEmpty ? null : target.ToArray(),
            Xattrs = wire.HasXattrs ? ReadXattrs(wire.Xattrs) : null,
        };
    }

    public static ObjectState ReadState(SnapshotObject item) => new()
    {
        Attr = KmlAttr.Read(item.Attr.Span),
        Target = item.Target.IsEmpty ? null : item.Target.ToByteArray(),
        Xattrs = ReadXattrs(item.Xattrs),
    };

    public static void AddState(Record record, ObjectState state)
    {
        record.HasXattrs = state.Xattrs is not null;
        AddXattrs(record.Xattrs, state.Xattrs);
        record.Target = state.Target is null ? ByteString.Empty : ByteString.CopyFrom(state.Target);
    }

    public static void AddState(Finding finding, Fid fid, ObjectState state)
    {
        finding.Fid = Write(fid);
        finding.Attr = Write(state.Attr);
        finding.Target = state.Target is null ? ByteString.Empty : ByteString.CopyFrom(state.Target);
        AddXattrs(finding.Xattrs, state.Xattrs);
    }

    /// <summary>As a scan would have told of it.</summary>
    public static Record ToRecord(Finding finding, byte[] data, ulong source)
    {
        var record = new Record { Source = source, Data = ByteString.CopyFrom(data), Attr = finding.Attr, Target = finding.Target, HasXattrs = true };
        record.Xattrs.Add(finding.Xattrs);
        return record;
    }

    public static SnapshotObject ToObject(Fid parent, ReadOnlySpan<byte> name, Fid fid, ObjectState state)
    {
        var item = new SnapshotObject
        {
            Fid = Write(fid),
            Parent = parent.IsNone ? ByteString.Empty : Write(parent),
            Name = ByteString.CopyFrom(name),
            Attr = Write(state.Attr),
            Target = state.Target is null ? ByteString.Empty : ByteString.CopyFrom(state.Target),
        };
        AddXattrs(item.Xattrs, state.Xattrs);
        return item;
    }

    public static InterMezzo.Replication.ResolvedConflict Read(Wire.ResolvedConflict wire) => new(
        new Dot(wire.LoserReplica, wire.LoserCounter), ReadFid(wire.Fid), [.. wire.Kept.Select(digest => digest.ToByteArray())]);

    public static Wire.ResolvedConflict Write(InterMezzo.Replication.ResolvedConflict resolved)
    {
        var wire = new Wire.ResolvedConflict { LoserReplica = resolved.Loser.Replica, LoserCounter = resolved.Loser.Counter, Fid = Write(resolved.Object) };
        wire.Kept.Add(resolved.Kept.Select(digest => ByteString.CopyFrom(digest)));
        return wire;
    }

    private static Xattr[] ReadXattrs(IEnumerable<Wire.Xattr> xattrs) =>
        [.. xattrs.Select(xattr => new Xattr(xattr.Name.ToByteArray(), xattr.Value.ToByteArray()))];

    private static void AddXattrs(ICollection<Wire.Xattr> to, IEnumerable<Xattr>? xattrs)
    {
        foreach (var xattr in xattrs ?? [])
        {
            to.Add(new Wire.Xattr { Name = ByteString.CopyFrom(xattr.Name), Value = ByteString.CopyFrom(xattr.Value) });
        }
    }
}
