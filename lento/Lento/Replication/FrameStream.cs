// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.CompilerServices;
using Grpc.Core;
using InterMezzo.Protocol.Replication;

namespace InterMezzo.Lento.Replication;

/// <summary>The frames of one Sync stream, alike for both ends. Any task may write; one reads.</summary>
internal interface IFrameStream
{
    Task WriteAsync(Frame frame, CancellationToken cancellationToken);

    /// <summary>Validated frames, until the peer ends the stream.</summary>
    IAsyncEnumerable<Frame> ReadAllAsync(CancellationToken cancellationToken);
}

internal sealed class ServerFrameStream(IAsyncStreamReader<ClientMessage> reader, IAsyncStreamWriter<ServerMessage> writer)
    : IFrameStream
{
    // gRPC allows one write at a time.
    private readonly Turns _turn = new(1);

    public async Task WriteAsync(Frame frame, CancellationToken cancellationToken)
    {
        await _turn.TakeAsync(cancellationToken);
        try
        {
            await writer.WriteAsync(new ServerMessage { Frame = frame }, cancellationToken);
        }
        finally
        {
            _turn.Give();
        }
    }

    public async IAsyncEnumerable<Frame> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (await reader.MoveNext(cancellationToken))
        {
            reader.Current.Validate();
            yield return reader.Current.Frame ?? throw new InvalidMessageException("a second greeting");
        }
    }
}

internal sealed class ClientFrameStream(IAsyncStreamReader<ServerMessage> reader, IClientStreamWriter<ClientMessage> writer)
    : IFrameStream
{
    private readonly Turns _turn = new(1);

    public async Task WriteAsync(Frame frame, CancellationToken cancellationToken)
    {
        await _turn.TakeAsync(cancellationToken);
        try
        {
            await writer.WriteAsync(new ClientMessage { Frame = frame }, cancellationToken);
        }
        finally
        {
            _turn.Give();
        }
    }

    public async IAsyncEnumerable<Frame> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (await reader.MoveNext(cancellationToken))
        {
            reader.Current.Validate();
            yield return reader.Current.Frame ?? throw new InvalidMessageException("a second greeting");
        }
    }
}
