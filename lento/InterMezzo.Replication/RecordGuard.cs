// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Replication;

/// <summary>
/// What a peer may send: updates, complete and canonical; a client its own, each
/// once and in order, and those of others that it may pass on. For one stream.
/// </summary>
/// <param name="side">What this replica is to the peer.</param>
/// <param name="peer">The peer.</param>
/// <param name="self">This replica.</param>
/// <param name="mayPassOn">Whether a client may send what another replica has made.</param>
public sealed class RecordGuard(Side side, ulong peer, ulong self, Predicate<ulong> mayPassOn)
{
    private ulong _counter;

    /// <summary>Why the record is refused. Null: it is as it must be.</summary>
    public string? Refuse(ReadOnlySpan<byte> bytes)
    {
        var status = RecordView.TryParse(bytes, out var record);
        if (status != ParseStatus.Ok || record.Length != bytes.Length)
        {
            return $"not a record: {status}";
        }

        if (!RecordFacts.IsUpdate(record) || !IsComplete(record))
        {
            return $"{record.Op} isn't an update that can be applied";
        }

        if (!Canonical.IsCanonical(record) || record.Dot.Counter is 0 or >= DeferredContent.ToldAt)
        {
            return "a record without its maker";
        }

        if (record.Op is Op.SetXattr or Op.RemoveXattr && record.XattrName.StartsWith("trusted.intermezzo."u8))
        {
            return "a record that would change an identity";
        }

        return side == Side.Server ? RefuseClient(record) : null;
    }

    private string? RefuseClient(RecordView record)
    {
        if (record.Dot.Replica != peer)
        {
            return record.Dot.Replica != self && mayPassOn(record.Dot.Replica) ? null : "a client sends its own updates only, unless it may pass on those of others";
        }

        if (record.Dot.Counter <= _counter)
        {
            return "a client's counter went back";
        }

        _counter = record.Dot.Counter;
        return null;
    }

    private static bool IsComplete(RecordView record) => record.Op switch
    {
        Op.Create or Op.Mkdir or Op.Mknod => HasName(record) && record.Has(FieldType.Attr),
        Op.Symlink => HasName(record) && record.Has(FieldType.Attr) && record.Has(FieldType.Target),
        Op.Link or Op.Unlink or Op.Rmdir or Op.Leave => HasName(record) && record.Has(FieldType.Object),
        Op.Enter => HasName(record) && record.Has(FieldType.Object) && record.Has(FieldType.Attr),
        Op.Rename => HasName(record) && record.Has(FieldType.Object) && record.Has(FieldType.Parent2) && record.Has(FieldType.Name2),
        Op.List => record.Has(FieldType.Object) && record.Has(FieldType.Attr) && NameList.TryParse(record.Payload, out _),
        Op.SetAttr or Op.Close => record.Has(FieldType.Object) && record.Has(FieldType.Attr),
        Op.SetXattr or Op.RemoveXattr => record.Has(FieldType.Object) && record.Has(FieldType.XattrName),
        _ => false,
    };

    private static bool HasName(RecordView record) => record.Has(FieldType.Parent) && record.Has(FieldType.Name);
}
