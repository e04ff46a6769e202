// SPDX-License-Identifier: GPL-2.0-or-later
using Grpc.Core;
using InterMezzo.Configuration;
using InterMezzo.Lento.Network;
using InterMezzo.Lento.Replication;

namespace InterMezzo.Lento.Hosting;

/// <summary>Which fileset a peer may have, by its key and the configuration.</summary>
internal sealed class FilesetDirectory(FilesetRegistry filesets, ReplicaBook replicas) : IFilesetDirectory
{
    public FilesetService Find(string fileset, ServerCallContext caller)
    {
        var peer = PeerIdentity.Of(caller);
        return filesets.Find(fileset) is { Configuration.Serves: true } found && found.Configuration.MayRead(peer.Name)
            ? found.Service
            : throw new RpcException(new Status(
                StatusCode.PermissionDenied,
                $"the server serves no fileset \"{fileset}\" to {peer.Name}; there, `intermezzo-ctl fileset allow {fileset} --client {peer.Name}` does"));
    }

    public bool MayWrite(string fileset, ServerCallContext caller) =>
        filesets.Find(fileset) is { } found && found.Configuration.MayWrite(PeerIdentity.Of(caller).Name);

    public bool MayRelay(string fileset, ServerCallContext caller) =>
        filesets.Find(fileset) is { } found && found.Configuration.MayRelay(PeerIdentity.Of(caller).Name);

    public bool IsReplica(ServerCallContext caller, ulong replica) => replicas.Tie(PeerIdentity.Of(caller).Pin, replica);
}
