// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Configuration;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Lento.Control;

/// <summary>A fileset at work. Disposing it ends its sessions, finishes what it applies and lets go of device and mount.</summary>
internal interface IFileset : IFilesetStatus, ISyncBarrier, IAsyncDisposable
{
    FilesetConfiguration Configuration { get; }

    /// <summary>For showing its journal and its conflict store.</summary>
    IReplica Replica { get; }
}
