// SPDX-License-Identifier: GPL-2.0-or-later
using System.Net.Sockets;
using Grpc.Core;
using Grpc.Net.Client;
using InterMezzo.Configuration;
using InterMezzo.Protocol.Replication;

namespace InterMezzo.Lento.Network;

/// <summary>Makes connections to peers that have an address.</summary>
internal sealed class PeerConnector(NodeIdentity self, PeerDirectory peers, INetworkWatcher network, ILogger<PeerConnector> logger)
{
    private static readonly TimeSpan s_connectTimeout = TimeSpan.FromSeconds(10);

    /// <summary>A channel over one connection, made already. It isn't made anew when it breaks: the caller asks again.</summary>
    /// <exception cref="RpcException">The peer can't be reached; the status says why.</exception>
    public async Task<GrpcChannel> ConnectAsync(string name, CancellationToken cancellationToken)
    {
        var (peer, host, port) = AddressOf(name);
        var socket = await ReachAsync(peer, host, port, cancellationToken);
        var handler = new SocketsHttpHandler
        {
            ConnectCallback = (_, _) => Interlocked.Exchange(ref socket, null) is { } connected
                ? ValueTask.FromResult<Stream>(new NetworkStream(connected, ownsSocket: true))
                : throw new IOException($"the connection to {peer.Name} is gone"),
            SslOptions = PinnedTls.ForClient(self, pin => Accept(peer, pin)),
            UseProxy = false,
            PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
        };
        return GrpcChannel.ForAddress($"https://{peer.Address}", new GrpcChannelOptions
        {
            HttpHandler = handler,
            DisposeHttpClient = true,
            MaxReceiveMessageSize = WireLimits.Message,
            MaxSendMessageSize = WireLimits.Message,
        });
    }

    private (PeerConfiguration Peer, string Host, int Port) AddressOf(string name) =>
        peers.FindByName(name) is { Address: { } address } peer && Syntax.SplitAddress(address) is var (host, port)
            ? (peer, host, port)
            : throw new RpcException(new Status(StatusCode.FailedPrecondition, $"there is no address of a peer \"{name}\""));

    /// <summary>
    /// TCP doubles the time between its attempts; one that was begun without a network is begun anew when there is one.
    /// </summary>
    private async Task<Socket?> ReachAsync(PeerConfiguration peer, string host, int port, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(s_connectTimeout);
        while (true)
        {
            var changed = network.NextChange;
            using var attempt = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
            var connecting = ConnectAsync(host, port, attempt.Token);
            if (await Task.WhenAny(connecting, changed) == changed)
            {
                await attempt.CancelAsync();
            }

            try
            {
                return await connecting;
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested && !timeout.IsCancellationRequested)
            {
                // The network has changed: at once again.
            }
            catch (OperationCanceledException) when (timeout.IsCancellationRequested)
            {
                throw Unreachable(peer, "no answer");
            }
            catch (SocketException exception)
            {
                throw Unreachable(peer, exception.Message);
            }
        }
    }

    private static RpcException Unreachable(PeerConfiguration peer, string why) =>
        new(new Status(StatusCode.Unavailable, $"can't reach {peer.Name} at {peer.Address}: {why}"));

    private static async Task<Socket> ConnectAsync(string host, int port, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(host, port, cancellationToken);
            SilentPeer.GiveUp(socket);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private bool Accept(PeerConfiguration peer, string pin)
    {
        if (pin == peer.Pin)
        {
            return true;
        }

        logger.WrongKey(peer.Name, peer.Address!, pin, peer.Pin);
        return false;
    }
}
