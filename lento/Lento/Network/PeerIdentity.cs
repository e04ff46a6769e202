// SPDX-License-Identifier: GPL-2.0-or-later
using Grpc.Core;
using InterMezzo.Configuration;

namespace InterMezzo.Lento.Network;

/// <summary>Who calls: the peer whose key the connection was made with.</summary>
internal static class PeerIdentity
{
    /// <exception cref="RpcException">The peer isn't known any more: the configuration changed since it connected.</exception>
    public static PeerConfiguration Of(ServerCallContext context)
    {
        var http = context.GetHttpContext();
        var peers = http.RequestServices.GetRequiredService<PeerDirectory>();
        return http.Connection.ClientCertificate is { } certificate && peers.FindByPin(NodeIdentity.PinOf(certificate)) is { } peer
            ? peer
            : throw new RpcException(new Status(StatusCode.Unauthenticated, "this key isn't known here"));
    }
}
