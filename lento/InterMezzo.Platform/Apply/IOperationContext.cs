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

    /// <summary>A name that is in the tree already is journaled as an update made here: it enters.</summary>
    /// <param name="directory">Where it is.</param>
    /// <param name="name">In it.</param>
    /// <param name="isLink">Another name of the object has entered before.</param>
    /// <returns>False: it isn't there any more.</returns>
    bool Tell(Fd directory, ReadOnlySpan<byte> name, bool isLink);

    /// <summary>Whether an object is open for writing here, as far as can be told.</summary>
    Writers WritersOf(Fd fd);

    /// <summary>Where the own log ends now: all that programs did up to now is below. 0: there is none.</summary>
    ulong Head();

    /// <summary>Makes what was applied durable; returns where the own log stands then (0: there is none).</summary>
    ulong Sync();
}
