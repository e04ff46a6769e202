// SPDX-License-Identifier: GPL-2.0-or-later
using System.Net;
using System.Net.Sockets;
using InterMezzo.Configuration;
using InterMezzo.Lento.Network;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace InterMezzo.Lento.Hosting;

/// <summary>Where the daemon listens: to peers over TLS, to intermezzo-ctl on a Unix socket.</summary>
internal static class Endpoints
{
    /// <summary>A connection costs memory before its key is known; a replica needs one for each fileset.</summary>
    private const int MaxConnections = 512;

    private const UnixFileMode OwnerAndGroup =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;

    public static void Configure(KestrelServerOptions options, NodeConfiguration node, NodeIdentity identity)
    {
        options.AddServerHeader = false;
        options.Limits.MaxConcurrentConnections = MaxConnections;

        // Streams last for days and may be silent for hours.
        options.Limits.MinRequestBodyDataRate = null;
        options.Limits.MinResponseDataRate = null;
        options.Limits.MaxRequestBodySize = null;
        options.Listen(new UnixDomainSocketEndPoint(node.Socket), listen =>
        {
            listen.Protocols = HttpProtocols.Http2;
            RareHeartbeat.Use(listen);
            ControlConnection.Mark(listen);
        });
        if (node.Listen is { } address)
        {
            options.Listen(address, listen => ListenToPeers(listen, identity));
        }
    }

    /// <summary>The socket's mode is set between bind and listen: nobody can connect before it counts.</summary>
    public static void Configure(SocketTransportOptions options) => options.CreateBoundListenSocket = endpoint =>
    {
        if (endpoint is not UnixDomainSocketEndPoint)
        {
            var port = SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
            SilentPeer.GiveUp(port);
            return port;
        }

        // The state's lock is held, so a socket that is there was left by a lento that is gone.
        var path = endpoint.ToString()!;
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.Delete(path);
        var socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
        File.SetUnixFileMode(path, OwnerAndGroup);
        return socket;
    };

    private static void ListenToPeers(ListenOptions listen, NodeIdentity identity)
    {
        listen.Protocols = HttpProtocols.Http2;
        RareHeartbeat.Use(listen);
        var peers = listen.ApplicationServices.GetRequiredService<PeerDirectory>();
        var logger = listen.ApplicationServices.GetRequiredService<ILogger<PeerDirectory>>();
        listen.UseHttps(new TlsHandshakeCallbackOptions
        {
            OnConnection = context =>
            {
                var from = context.Connection.RemoteEndPoint;
                return ValueTask.FromResult(PinnedTls.ForServer(identity, pin => Accept(peers, logger, from, pin)));
            },
        });
    }

    private static bool Accept(PeerDirectory peers, ILogger logger, EndPoint? from, string pin)
    {
        if (peers.FindByPin(pin) is not null)
        {
            return true;
        }

        logger.UnknownKey($"{from}", pin);
        return false;
    }
}
