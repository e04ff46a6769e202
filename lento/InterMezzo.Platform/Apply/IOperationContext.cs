// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform;

/// <summary>For whom the calling thread changes the tree: all that tells a journaled fileset from a plain directory.</summary>
internal interface IOperationContext
{
    /// <summary>The next operation on the tree is part of this update.</summary>
    void Set(in Origin origin);

    /// <summary>The operation itself leaves the mtime of <see cref="Origin.Parents"/> on directories.</summary>
    bool SetsParentTimes { get; }

    /// <summary>How often an object is open for writing here, as far as can be told.</summary>
    uint CountWriters(Fd fd);

    /// <summary>Makes what was applied durable; returns where the own log stands then (0: there is none).</summary>
    ulong Sync();
}
