// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Configuration;
using InterMezzo.Lento.Replication;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Lento.Control;

/// <summary>A fileset at work. Disposing it ends its sessions, finishes what it applies and lets go of device and mount.</summary>
internal interface IFileset : IFilesetStatus, ISyncBarrier, IAsyncDisposable
{
    FilesetConfiguration Configuration { get; }

    /// <summary>For showing its journal and its conflict store.</summary>
    IReplica Replica { get; }

    /// <summary>Compares the tree with the journal, and journals what is found.</summary>
    /// <exception cref="Grpc.Core.RpcException">It can't be done, or goes on already.</exception>
    Task<ScanProgress> VerifyAsync(CancellationToken cancellationToken);

    /// <summary>Who has the write permit, as far as is known here. Null: nobody needs one, or another machine has it.</summary>
    PermitStatus? Permit { get; }

    /// <exception cref="Grpc.Core.RpcException">This machine doesn't have it.</exception>
    void ReleasePermit();

    /// <exception cref="Grpc.Core.RpcException">This machine doesn't give it.</exception>
    void BreakPermit();

    /// <summary>Ends a conflict, see <see cref="IApplier.DropKept"/>.</summary>
    Task<bool> DropConflictAsync(string id, ulong stamp);
}
