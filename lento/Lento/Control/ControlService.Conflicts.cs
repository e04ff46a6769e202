// SPDX-License-Identifier: GPL-2.0-or-later
using Grpc.Core;
using InterMezzo.Protocol.Control;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Lento.Control;

/// <summary>
/// One conflict. Whoever may use the socket is shown all that is kept, and decides; the tree he changes himself, with his own
/// rights, and lento removes what was kept.
/// </summary>
internal sealed partial class ControlService
{
    private const int IdLength = 8;

    public override Task<ConflictDetail> ShowConflict(ConflictRequest request, ServerCallContext context)
    {
        var (fileset, found) = FindConflict(request.Fileset, request.Id);
        var kept = WithPath(fileset, found);
        return Task.FromResult(ConflictMessages.Of(fileset, kept, NameOf(fileset, kept.Conflict.Loser.Replica), NameOf(fileset, kept.Conflict.Winner.Replica)));
    }

    public override async Task ReadKept(ReadKeptRequest request, IServerStreamWriter<KeptPart> responseStream, ServerCallContext context)
    {
        var (fileset, kept) = FindConflict(request.Fileset, request.Id);
        if (kept.Kept.FirstOrDefault(name => request.Name.Span.SequenceEqual(name)) is not { } version)
        {
            throw new RpcException(new Status(StatusCode.NotFound, $"conflict {kept.Id} keeps no version of that name"));
        }

        await KeptStream.SendAsync(fileset.Replica.Conflicts.Walk(kept, version), responseStream, context.CancellationToken);
    }

    public override async Task<DropConflictReply> DropConflict(DropConflictRequest request, ServerCallContext context)
    {
        var (fileset, kept) = FindConflict(request.Fileset, request.Id);
        if (ConflictMessages.Waits(fileset.Replica.Conflicts, kept))
        {
            throw new RpcException(new Status(StatusCode.FailedPrecondition, $"conflict {kept.Id} waits until the file isn't open for writing any more"));
        }

        try
        {
            return new DropConflictReply { Dropped = await fileset.DropConflictAsync(kept.Id, request.Stamp) };
        }
        catch (IOException exception)
        {
            throw new RpcException(new Status(StatusCode.Internal, $"conflict {kept.Id} is still there: {exception.Message}"));
        }
    }

    private (IFileset Fileset, KeptConflict Conflict) FindConflict(string name, string id)
    {
        if (id.Length is 0 or > IdLength || !id.All(char.IsAsciiHexDigitLower))
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, "an ID is the first column of `intermezzo-ctl conflicts list`, or its beginning"));
        }

        var found = Chosen(name)
            .SelectMany(fileset => fileset.Replica.Conflicts.List().Select(kept => (fileset, kept)))
            .Where(pair => pair.kept.Id.StartsWith(id, StringComparison.Ordinal))
            .Take(2)
            .ToList();
        return found.Count switch
        {
            1 => found[0],
            0 => throw new RpcException(new Status(StatusCode.NotFound, $"there is no conflict {id}; `intermezzo-ctl conflicts list` shows those there are")),
            _ => throw new RpcException(new Status(StatusCode.InvalidArgument, $"several conflicts begin with {id}: give more of the ID, or --fileset")),
        };
    }

    /// <summary>An update of attributes tells no name: its object's is shown.</summary>
    private static KeptConflict WithPath(IFileset fileset, KeptConflict kept)
    {
        if (kept.Path.Length > 0)
        {
            return kept;
        }

        var place = fileset.Replica.Conflicts.Locate(kept);
        return kept with { Path = place.Directory.Length == 0 ? place.Name : [.. place.Directory, (byte)'/', .. place.Name] };
    }

    /// <summary>What people call a replica; empty if it isn't known.</summary>
    private string NameOf(IFileset fileset, ulong replica) => replica == identity.Replica
        ? configuration.Node.Name
        : fileset.Snapshot().Peers.FirstOrDefault(peer => peer.Replica == replica && replica != 0)?.Name ?? "";
}
