// SPDX-License-Identifier: GPL-2.0-or-later
using Grpc.Core;
using InterMezzo.Protocol.Replication;
using Microsoft.Extensions.Logging;

namespace InterMezzo.Lento.Replication;

/// <summary>Who may do what; answered from the configuration and the caller's pinned key.</summary>
internal interface IFilesetDirectory
{
    /// <summary>The fileset, if it is served here and the caller may have it.</summary>
    /// <exception cref="RpcException">It isn't, or the caller may not; the same answer for both.</exception>
    FilesetService Find(string fileset, ServerCallContext caller);

    /// <summary>Whether the caller may call itself this replica: the first time its id is noted with its key, then it must stay the same.</summary>
    bool IsReplica(ServerCallContext caller, ulong replica);

    /// <summary>Whether what the caller makes in the fileset is applied here.</summary>
    bool MayWrite(string fileset, ServerCallContext caller);

    /// <summary>Whether it may pass on what others have made.</summary>
    bool MayRelay(string fileset, ServerCallContext caller);
}

/// <summary>The gRPC service. Every message is validated before anything else is done with it.</summary>
internal sealed class ReplicationEndpoint(IFilesetDirectory filesets, ILogger<ReplicationEndpoint> logger)
    : Protocol.Replication.Replication.ReplicationBase
{
    public override Task Sync(IAsyncStreamReader<ClientMessage> requestStream, IServerStreamWriter<ServerMessage> responseStream, ServerCallContext context) =>
        GuardAsync(async () =>
        {
            if (!await requestStream.MoveNext(context.CancellationToken))
            {
                return;
            }

            requestStream.Current.Validate();
            var hello = requestStream.Current.Hello ?? throw new InvalidMessageException("no greeting");
            var fileset = filesets.Find(hello.Fileset, context);
            if (!filesets.IsReplica(context, hello.Replica))
            {
                logger.PeerRefused(hello.Fileset, hello.Replica, "its key belongs to another replica");
                throw new RpcException(new Status(StatusCode.PermissionDenied, "this key belongs to another replica"));
            }

            var writable = filesets.MayWrite(hello.Fileset, context);
            var relays = filesets.MayRelay(hello.Fileset, context);
            await fileset.ServeAsync(() => fileset.AcceptAsync(hello, writable, relays, requestStream, responseStream, context.CancellationToken));
        });

    public override Task Snapshot(SnapshotRequest request, IServerStreamWriter<SnapshotItem> responseStream, ServerCallContext context) =>
        GuardAsync(async () =>
        {
            request.Validate();
            var fileset = filesets.Find(request.Fileset, context);
            await fileset.ServeAsync(() => TreeServer.SendSnapshotAsync(fileset, request, responseStream, context.CancellationToken));
        });

    public override Task Fetch(IAsyncStreamReader<FetchRequest> requestStream, IServerStreamWriter<FetchItem> responseStream, ServerCallContext context) =>
        GuardAsync(async () =>
        {
            if (!await requestStream.MoveNext(context.CancellationToken))
            {
                return;
            }

            requestStream.Current.Validate(first: true);
            var fileset = filesets.Find(requestStream.Current.Fileset, context);
            await fileset.ServeAsync(() => TreeServer.SendContentsAsync(
                fileset, requestStream, requestStream.Current, responseStream, context.CancellationToken));
        });

    /// <summary>Whatever goes wrong ends this call and no more; it is logged once, and the peer hears what it needs to know.</summary>
    private async Task GuardAsync(Func<Task> call)
    {
        try
        {
            await call();
        }
        catch (InvalidMessageException exception)
        {
            logger.CallRefused(exception);
            throw new RpcException(new Status(StatusCode.InvalidArgument, exception.Message));
        }
        catch (Exception exception) when (exception is OperationCanceledException || IsDisconnect(exception))
        {
            logger.CallEnded(exception.Message);
        }
        catch (Exception exception) when (exception is not RpcException)
        {
            logger.CallFailed(exception);
            throw new RpcException(new Status(StatusCode.Internal, exception.Message));
        }
    }

    /// <summary>Kestrel's way to say that the client is gone.</summary>
    private static bool IsDisconnect(Exception exception) =>
        exception is Microsoft.AspNetCore.Connections.ConnectionAbortedException or Microsoft.AspNetCore.Connections.ConnectionResetException ||
        (exception is IOException && exception.InnerException is Microsoft.AspNetCore.Connections.ConnectionAbortedException or Microsoft.AspNetCore.Connections.ConnectionResetException);
}
