// SPDX-License-Identifier: GPL-2.0-or-later
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Grpc.Core;
using Grpc.Net.Client;
using InterMezzo.Configuration;
using InterMezzo.Protocol.Replication;

namespace InterMezzo.Lento.Network;

/// <summary>Makes connections to peers that have an address.</summary>
internal sealed class PeerConnector(NodeIdentity self, PeerDirectory peers, INetworkWatcher network)
{
    private static readonly TimeSpan s_connectTimeout = TimeSpan.FromSeconds(10);

    /// <summary>A channel over one connection, made already. It isn't made anew when it breaks: the caller asks again.</summary>
    /// <exception cref="RpcException">The peer can't be reached; the status says why.</exception>
    public async Task<GrpcChannel> ConnectAsync(string name, CancellationToken cancellationToken)
    {
        var (peer, host, port) = AddressOf(name);
        SslStream? stream = await SecureAsync(peer, await ReachAsync(peer, host, port, cancellationToken), cancellationToken);
        var handler = new SocketsHttpHandler
        {
            ConnectCallback = (_, _) => Interlocked.Exchange(ref stream, null) is { } connected
                ? ValueTask.FromResult<Stream>(connected)
                : throw new IOException($"the connection to {peer.Name} is gone"),
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
    private async Task<Socket> ReachAsync(PeerConfiguration peer, string host, int port, CancellationToken cancellationToken)
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

    /// <summary>TLS over a connection. Done here, and not by the web client, it tells what is wrong.</summary>
    private async Task<SslStream> SecureAsync(PeerConfiguration peer, Socket socket, CancellationToken cancellationToken)
    {
        var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
        var presented = "";
        using var attempt = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        attempt.CancelAfter(s_connectTimeout);
        try
        {
            await stream.AuthenticateAsClientAsync(PinnedTls.ForClient(self, pin => (presented = pin) == peer.Pin), attempt.Token);
            return stream;
        }
        catch (Exception exception)
        {
            await stream.DisposeAsync();
            throw exception switch
            {
                AuthenticationException when presented.Length > 0 && presented != peer.Pin => WrongKey(peer, presented),
                OperationCanceledException when !cancellationToken.IsCancellationRequested => Unreachable(peer, "somebody is there, but doesn't answer; is it lento?"),
                AuthenticationException or IOException => Unreachable(peer, $"somebody else than lento seems to be there: {exception.Message}"),
                _ => exception,
            };
        }
    }

    private static RpcException WrongKey(PeerConfiguration peer, string pin) => new(new Status(
        StatusCode.Unauthenticated,
        $"peer {peer.Name} at {peer.Address} has the key {pin}, not {peer.Pin}: either somebody else answers there, or peer.pin is wrong; "
        + $"if {peer.Name} has this key (`intermezzo-ctl init --show-pin` there), `intermezzo-ctl peer add {peer.Name} --pin PIN --address {peer.Address}` puts it right"));
}
