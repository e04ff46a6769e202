// SPDX-License-Identifier: GPL-2.0-or-later
using Google.Protobuf;
using Grpc.Core;
using InterMezzo.Lento.Replication;
using InterMezzo.Protocol.Replication;
using InterMezzo.Simulation.Engine;

namespace InterMezzo.Simulation.Network;

/// <summary>What a client's gRPC does, over a simulated connection: messages are bytes in between.</summary>
internal sealed class Invoker(History history, Connection connection) : CallInvoker
{
    public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options)
    {
        var call = Begin(method.Name, options.CancellationToken);
        return new AsyncDuplexStreamingCall<TRequest, TResponse>(
            new Writer<TRequest>(call.Up), new Reader<TResponse>(call.Down, isClient: true), Task.FromResult(new Metadata()),
            () => Status.DefaultSuccess, () => [], () => Cancel(call));
    }

    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        var call = Begin(method.Name, options.CancellationToken);
        _ = call.Up.WriteAsync((IMessage)request, CancellationToken.None);
        call.Up.End();
        return new AsyncServerStreamingCall<TResponse>(
            new Reader<TResponse>(call.Down, isClient: true), Task.FromResult(new Metadata()), () => Status.DefaultSuccess, () => [], () => Cancel(call));
    }

    public override TResponse BlockingUnaryCall<TRequest, TResponse>(Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request) =>
        throw new NotSupportedException();

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request) => throw new NotSupportedException();

    public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options) => throw new NotSupportedException();

    private Call Begin(string method, CancellationToken cancellationToken)
    {
        var call = connection.Begin(opened => opened.Server.Context.Post(() => _ = ServeAsync(method, opened)));
        cancellationToken.UnsafeRegister(_ => Cancel(call), null);
        return call;
    }

    private void Cancel(Call call)
    {
        if (!call.IsOver)
        {
            call.BreakClient(new RpcException(new Status(StatusCode.Cancelled, "Call canceled by the client.")));
            if (!connection.IsCut)
            {
                history.After(TimeSpan.Zero, call.BreakServer);
            }
        }
    }

    private async Task ServeAsync(string method, Call call)
    {
        try
        {
            var context = new ServerContext(call.Aborted, connection.Client.Machine.Replica);
            await RunAsync(method, call, context);
            call.End(null);
        }
        catch (RpcException exception)
        {
            call.End(new RpcException(exception.Status));
        }
        catch (Syscalls.KilledException)
        {
            // Nobody is there to answer.
        }
    }

    private static async Task RunAsync(string method, Call call, ServerContext context)
    {
        var endpoint = call.Server.Endpoint;
        switch (method)
        {
            case "Sync":
                await endpoint.Sync(new Reader<ClientMessage>(call.Up, isClient: false), new Writer<ServerMessage>(call.Down), context);
                break;
            case "Fetch":
                await endpoint.Fetch(new Reader<FetchRequest>(call.Up, isClient: false), new Writer<FetchItem>(call.Down), context);
                break;
            default:
                var request = new Reader<SnapshotRequest>(call.Up, isClient: false);
                if (!await request.MoveNext(CancellationToken.None))
                {
                    throw Connection.Unavailable("the request never came");
                }

                await endpoint.Snapshot(request.Current, new Writer<SnapshotItem>(call.Down), context);
                break;
        }
    }

    private sealed class Reader<T>(Pipe pipe, bool isClient) : IAsyncStreamReader<T>
    {
        public T Current { get; private set; } = default!;

        public async Task<bool> MoveNext(CancellationToken cancellationToken)
        {
            try
            {
                if (await pipe.ReadAsync(cancellationToken) is not { } bytes)
                {
                    return false;
                }

                Current = (T)Messages.Parse(typeof(T), bytes);
                return true;
            }
            catch (OperationCanceledException) when (isClient)
            {
                throw new RpcException(new Status(StatusCode.Cancelled, "Call canceled by the client."));
            }
        }
    }

    private sealed class Writer<T>(Pipe pipe) : IClientStreamWriter<T>, IServerStreamWriter<T>
    {
        public WriteOptions? WriteOptions { get; set; }

        public Task WriteAsync(T message) => pipe.WriteAsync((IMessage)message!, CancellationToken.None);

        public Task WriteAsync(T message, CancellationToken cancellationToken) => pipe.WriteAsync((IMessage)message!, cancellationToken);

        public Task CompleteAsync()
        {
            pipe.End();
            return Task.CompletedTask;
        }
    }
}
