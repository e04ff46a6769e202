// SPDX-License-Identifier: GPL-2.0-or-later
using Grpc.Core;
using InterMezzo.Journal;
using InterMezzo.Protocol.Replication;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Lento.Replication;

/// <summary>Gets single objects, and what is below them, from the server: those that a record needs and that aren't here.</summary>
internal sealed class Fetcher(IReplica replica, Protocol.Replication.Replication.ReplicationClient server, Counters counters)
{
    /// <summary>More is a tree to join, not an object to fetch.</summary>
    private const int MaxObjects = 100_000;

    private const uint TypeMask = 0xf000;
    private const uint Regular = 0x8000;

    public async Task<FetchedTree> FetchAsync(Fid fid, CancellationToken cancellationToken)
    {
        var tree = new FetchedTree();
        try
        {
            await ListAsync(fid, tree, cancellationToken);
            await FillAsync(tree, cancellationToken);
            return tree;
        }
        catch
        {
            tree.Dispose();
            throw;
        }
    }

    private async Task ListAsync(Fid fid, FetchedTree tree, CancellationToken cancellationToken)
    {
        var request = new SnapshotRequest { Fileset = replica.Fileset, Fid = WireTypes.Write(fid) };
        using var call = server.Snapshot(request, cancellationToken: cancellationToken);
        var seen = new HashSet<Fid>();
        while (await call.ResponseStream.MoveNext(cancellationToken))
        {
            var item = call.ResponseStream.Current;
            item.Validate();
            foreach (var found in item.Objects?.Objects ?? [])
            {
                var parent = found.Parent.IsEmpty || tree.Objects.Count == 0 ? default : WireTypes.ReadFid(found.Parent);
                var id = WireTypes.ReadFid(found.Fid);
                tree.Objects.Add(new FetchedObject(parent, found.Name.ToByteArray(), id, WireTypes.ReadState(found)) { IsLink = !seen.Add(id) });
                if (tree.Objects.Count > MaxObjects)
                {
                    throw new InvalidMessageException($"more than {MaxObjects} objects below {fid}");
                }
            }
        }
    }

    private async Task FillAsync(FetchedTree tree, CancellationToken cancellationToken)
    {
        var files = tree.Objects.FindAll(item => !item.IsLink && (item.State.Attr.Mode & TypeMask) == Regular);
        if (files.Count == 0)
        {
            return;
        }

        using var call = server.Fetch(cancellationToken: cancellationToken);
        var first = new FetchRequest { Fileset = replica.Fileset };
        await call.RequestStream.WriteAsync(first, cancellationToken);
        for (var i = 0; i < files.Count; i++)
        {
            // One at a time: such fetches are few, and their contents stay bounded.
            var wants = new FetchRequest();
            wants.Wants.Add(new Want { Tag = (ulong)i, Fid = WireTypes.Write(files[i].Fid) });
            await call.RequestStream.WriteAsync(wants, cancellationToken);
            await ReceiveAsync(call.ResponseStream, files[i], cancellationToken);
        }

        await call.RequestStream.CompleteAsync();
        if (await call.ResponseStream.MoveNext(cancellationToken))
        {
            throw new InvalidMessageException("a content that nobody asked for");
        }
    }

    private async Task ReceiveAsync(IAsyncStreamReader<FetchItem> from, FetchedObject item, CancellationToken cancellationToken)
    {
        var key = new ContentKey(item.Fid, LogId.None, 1);
        replica.Stage.Clean(staged => staged != key);
        var file = replica.Stage.Open(key);
        item.Content = new StagedContent(file);
        while (await from.MoveNext(cancellationToken))
        {
            from.Current.Validate();
            counters.BytesReceived(from.Current.CalculateSize());
            foreach (var piece in from.Current.Pieces)
            {
                if (!piece.Data.IsEmpty)
                {
                    file.Write(piece.Offset, piece.Data.Span);
                }

                if (piece.State == FetchPiece.Types.State.More)
                {
                    continue;
                }

                file.Complete(Math.Max(piece.Size, file.Length));
                counters.ContentReceived();
                return;
            }
        }

        throw new RpcException(new Status(StatusCode.Unavailable, "the server ended the transfer"));
    }
}
