// SPDX-License-Identifier: GPL-2.0-or-later
using Grpc.Core;
using InterMezzo.Lento.Network;
using InterMezzo.Lento.Replication;

namespace InterMezzo.Lento.Hosting;

/// <summary>Which fileset a peer may have, by its key and the configuration.</summary>
internal sealed class FilesetDirectory(FilesetRegistry filesets, ReplicaBook replicas) : IFilesetDirectory
{
    public FilesetService Find(string fileset, ServerCallContext caller)
    {
        var peer = PeerIdentity.Of(caller);
        return filesets.Find(fileset) is RunningFileset { Service.Side: InterMezzo.Replication.Side.Server } found && found.Configuration.MayRead(peer.Name)
            ? found.Service
            : throw new RpcException(new Status(StatusCode.PermissionDenied, $"no fileset \"{fileset}\" is served to {peer.Name} here"));
    }

    public bool MayWrite(string fileset, ServerCallContext caller) =>
        filesets.Find(fileset) is { } found && found.Configuration.MayWrite(PeerIdentity.Of(caller).Name);

    public bool IsReplica(ServerCallContext caller, ulong replica) => replicas.Tie(PeerIdentity.Of(caller).Pin, replica);
}
