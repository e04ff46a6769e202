// SPDX-License-Identifier: GPL-2.0-or-later
using Google.Protobuf;
using InterMezzo.Configuration;
using InterMezzo.Journal;
using InterMezzo.Protocol.Control;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;
using KeptHere = InterMezzo.Replication.Ports.KeptObject;

namespace InterMezzo.Lento.Control;

/// <summary>Domain to wire: one conflict.</summary>
internal static class ConflictMessages
{
    public static ConflictDetail Of(IFileset fileset, KeptConflict kept, string loser, string winner)
    {
        var store = fileset.Replica.Conflicts;

        // First: what changes while the rest is read is noticed.
        var stamp = store.Stamp(kept);
        var detail = new ConflictDetail
        {
            Conflict = StatusMessages.Of(fileset.Configuration.Name, kept),
            Mount = fileset.Configuration.Mount,
            Kind = Syntax.Text(fileset.Configuration.Kind),
            Loser = loser,
            Winner = winner,
            Place = Of(store.Locate(kept)),
            Stamp = stamp,
            Object = Of(kept.Conflict.Object),
            Waits = Waits(store, kept),
        };
        detail.Found.AddRange(kept.Found.Select(found => new FoundConflict
        {
            Reason = found.Reason,
            WhenUnixMs = found.When.ToUnixTimeMilliseconds(),
            WinnerReplica = found.Winner.Replica,
            WinnerCounter = found.Winner.Counter,
        }));
        detail.Kept.AddRange(kept.Kept.Select(name => Of(store, kept, name)));
        detail.Updates.AddRange(store.Updates(kept).Select(bytes => Of(store, bytes, fileset.Replica.Self)));
        return detail;
    }

    /// <summary>Whether it enters, or becomes a conflict, by itself.</summary>
    public static bool Waits(IConflictStore store, KeptConflict kept) =>
        store.ListDeferred().Any(content => content.Update == kept.Conflict.Loser && content.Object == kept.Conflict.Object);

    public static Protocol.Control.KeptObject Of(KeptHere item)
    {
        var state = item.Object.ReadState();
        var message = new Protocol.Control.KeptObject
        {
            Depth = (uint)item.Depth,
            Name = ByteString.CopyFrom(item.Name.Span),
            Attr = Of(state.Attr),
            Target = ByteString.CopyFrom(state.Target ?? []),
            Inode = item.Inode,
        };
        message.Xattrs.AddRange(Of(state.Xattrs));
        return message;
    }

    private static KeptVersion Of(IConflictStore store, KeptConflict kept, byte[] name)
    {
        var version = new KeptVersion { Name = ByteString.CopyFrom(name) };
        foreach (var item in store.Walk(kept, name))
        {
            var state = item.Object.ReadState();
            version.Objects++;
            version.Bytes += RecordFacts.IsRegular(state.Attr.Mode) ? state.Attr.Size : 0;
            if (item.Depth == 0)
            {
                version.Attr = Of(state.Attr);
                version.Target = ByteString.CopyFrom(state.Target ?? []);
                version.Xattrs.AddRange(Of(state.Xattrs));
            }
        }

        return version;
    }

    private static LostUpdate Of(IConflictStore store, byte[] bytes, ulong self)
    {
        var record = RecordView.Parse(bytes);
        var update = new LostUpdate { Record = ByteString.CopyFrom(bytes), Parent = Of(store.PathOf(RecordFacts.Parent(record, self))) };
        if (record.TryGetParent2(out var parent2))
        {
            update.Parent2 = Of(store.PathOf(parent2.Fid.Canonical(self)));
        }

        return update;
    }

    private static TreeDirectory? Of(byte[]? path) => path is null ? null : new TreeDirectory { Path = ByteString.CopyFrom(path) };

    private static TreePlace Of(ConflictPlace place) => new()
    {
        Kind = place.Kind switch
        {
            PlaceKind.Object => TreePlace.Types.Kind.Object,
            PlaceKind.Other => TreePlace.Types.Kind.Other,
            PlaceKind.Free => TreePlace.Types.Kind.Free,
            _ => TreePlace.Types.Kind.NoDirectory,
        },
        Directory = ByteString.CopyFrom(place.Directory),
        Name = ByteString.CopyFrom(place.Name),
    };

    private static IEnumerable<KeptXattr> Of(IReadOnlyList<Xattr>? xattrs) =>
        (xattrs ?? []).Select(xattr => new KeptXattr { Name = ByteString.CopyFrom(xattr.Name), Value = ByteString.CopyFrom(xattr.Value) });

    private static ByteString Of(KmlAttr attr)
    {
        Span<byte> bytes = stackalloc byte[KmlFormat.AttrSize];
        attr.Write(bytes);
        return ByteString.CopyFrom(bytes);
    }

    private static ByteString Of(Fid fid)
    {
        Span<byte> bytes = stackalloc byte[KmlFormat.FidSize];
        fid.Write(bytes);
        return ByteString.CopyFrom(bytes);
    }
}
