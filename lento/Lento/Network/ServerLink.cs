// SPDX-License-Identifier: GPL-2.0-or-later
using Grpc.Core;
using Grpc.Net.Client;
using InterMezzo.Lento.Replication;

namespace InterMezzo.Lento.Network;

/// <summary>The way to the server of one fileset: one connection at a time.</summary>
internal sealed class ServerLink(string peer, PeerConnector connector, INetworkWatcher network) : IServerLink, IDisposable
{
    private GrpcChannel? _channel;

    public async ValueTask<CallInvoker> ConnectAsync(CancellationToken cancellationToken)
    {
        Dispose();
        _channel = await connector.ConnectAsync(peer, cancellationToken);
        return _channel.CreateCallInvoker();
    }

    public Task NetworkChangedAsync(CancellationToken cancellationToken) => network.NextChange.WaitAsync(cancellationToken);

    public void Dispose()
    {
        _channel?.Dispose();
        _channel = null;
    }
}
