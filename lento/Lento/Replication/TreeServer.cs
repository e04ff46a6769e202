// SPDX-License-Identifier: GPL-2.0-or-later
using Google.Protobuf;
using Grpc.Core;
using InterMezzo.Protocol.Replication;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;
using Position = InterMezzo.Replication.Position;

namespace InterMezzo.Lento.Replication;

/// <summary>Shows the live tree to a peer: its objects, and contents on request.</summary>
internal static class TreeServer
{
    private const int ObjectsPerMessage = 256;
    private const int BytesPerMessage = 1 << 20;

    /// <summary>
    /// The tree while it is in use: what changes during the walk has its records beyond the position sent first, and
    /// these replay on whatever was met.
    /// </summary>
    public static async Task SendSnapshotAsync(
        FilesetService fileset, SnapshotRequest request, IAsyncStreamWriter<SnapshotItem> to, CancellationToken cancellationToken)
    {
        var replica = fileset.Replica;
        using var showing = fileset.Reach?.Show();
        var subtree = request.Fid.IsEmpty ? replica.Tree.Root : WireTypes.ReadFid(request.Fid);
        var start = new SnapshotStart { Replica = replica.Self, Root = WireTypes.Write(subtree) };
        var shown = new Shown(replica.Journal);
        if (replica.Journal is { } journal)
        {
            start.Position = WireTypes.Write(new Position(journal.Info.Log, shown.MakeDurable()));
            start.Check = LogCheck.Before(journal, start.Position.Offset);
        }

        await to.WriteAsync(new SnapshotItem { Start = start }, cancellationToken);
        var objects = new SnapshotObjects();
        ulong count = 0;
        var bytes = 0;
        foreach (var entry in replica.Tree.Walk(request.Fid.IsEmpty ? null : subtree))
        {
            var item = WireTypes.ToObject(entry.Parent, entry.Name.Span, entry.Object.Fid, entry.Object.ReadState());
            objects.Objects.Add(item);
            count++;
            var size = item.CalculateSize();
            bytes += size;
            fileset.Counters.BytesSent(size);
            if (objects.Objects.Count == ObjectsPerMessage || bytes >= BytesPerMessage)
            {
                await to.WriteAsync(new SnapshotItem { Objects = objects }, cancellationToken);
                (objects, bytes) = (new SnapshotObjects(), 0);
            }
        }

        await to.WriteAsync(new SnapshotItem { Objects = objects }, cancellationToken);
        shown.MakeDurable();
        await to.WriteAsync(new SnapshotItem { End = new SnapshotEnd { Objects = count } }, cancellationToken);
    }

    /// <summary>Contents in the order in which they are asked for, small ones many to a message.</summary>
    public static async Task SendContentsAsync(
        FilesetService fileset, IAsyncStreamReader<FetchRequest> from, FetchRequest first, IAsyncStreamWriter<FetchItem> to, CancellationToken cancellationToken)
    {
        var pieces = new PieceWriter(to, new Shown(fileset.Replica.Journal), fileset.Counters);
        for (var request = first; ;)
        {
            foreach (var want in request.Wants)
            {
                await SendContentAsync(fileset.Replica, want, pieces, cancellationToken);
            }

            await pieces.FlushAsync(cancellationToken);
            if (!await from.MoveNext(cancellationToken))
            {
                return;
            }

            request = from.Current;
            request.Validate(first: false);
        }
    }

    private static async Task SendContentAsync(IReplica replica, Want want, PieceWriter pieces, CancellationToken cancellationToken)
    {
        using var source = replica.Tree.Open(WireTypes.ReadFid(want.Fid));
        if (source is null)
        {
            await pieces.AddAsync(new FetchPiece { Tag = want.Tag, State = FetchPiece.Types.State.Gone }, cancellationToken);
            return;
        }

        var before = source.ReadState().Attr;
        using var content = new OutgoingContent(source, 0, want.Offset);
        var buffer = new byte[(int)Math.Min(before.Size, WireLimits.Piece)];
        while (buffer.Length > 0 && content.ReadPiece(buffer, out var offset) is > 0 and var count)
        {
            var data = ByteString.CopyFrom(buffer.AsSpan(0, count));
            await pieces.AddAsync(new FetchPiece { Tag = want.Tag, Offset = offset, Data = data }, cancellationToken);
        }

        // With a log its later CLOSE mends what changed meanwhile; a plain directory has nothing but this.
        var after = source.ReadState().Attr;
        var unchanged = replica.Journal is not null || (before.ModifyTime == after.ModifyTime && before.Size == after.Size);
        var state = unchanged ? FetchPiece.Types.State.Done : FetchPiece.Types.State.Changed;
        var end = new FetchPiece { Tag = want.Tag, State = state, Size = after.Size, Attr = WireTypes.Write(after) };
        await pieces.AddAsync(end, cancellationToken);
    }

    /// <summary>
    /// What was shown of the live tree has its records in the log, beyond the position sent first. A peer that has all of
    /// it must find them there, also after a power cut.
    /// </summary>
    private sealed class Shown(IJournal? journal)
    {
        private ulong _durable;

        /// <summary>Returns the end of the log that is durable.</summary>
        public ulong MakeDurable()
        {
            if (journal is not null)
            {
                _durable = journal.Sync(journal.Info.Head);
            }

            return _durable;
        }
    }

    private sealed class PieceWriter(IAsyncStreamWriter<FetchItem> to, Shown shown, Counters counters)
    {
        private FetchItem _item = new();
        private int _bytes;

        // The message has the end of a content, or says that it is gone.
        private bool _ends;

        public async Task AddAsync(FetchPiece piece, CancellationToken cancellationToken)
        {
            _item.Pieces.Add(piece);
            _ends |= piece.State is FetchPiece.Types.State.Done or FetchPiece.Types.State.Gone;
            _bytes += piece.Data.Length + WireLimits.Attr;
            if (_bytes >= WireLimits.Piece || _item.Pieces.Count == ObjectsPerMessage)
            {
                await FlushAsync(cancellationToken);
            }
        }

        public async Task FlushAsync(CancellationToken cancellationToken)
        {
            if (_item.Pieces.Count > 0)
            {
                if (_ends)
                {
                    shown.MakeDurable();
                }

                counters.BytesSent(_item.CalculateSize());
                await to.WriteAsync(_item, cancellationToken);
                (_item, _bytes, _ends) = (new FetchItem(), 0, false);
            }
        }
    }
}
