// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Replication.Ports;

/// <summary>What the programs here that have a file open for writing can do to it.</summary>
public enum Writers
{
    /// <summary>There are none.</summary>
    None,

    /// <summary>
    /// All they wrote is in the log, and <see cref="IGate"/> keeps them from going on: it may change under them, in place, as
    /// it would if another program here wrote to it.
    /// </summary>
    Waiting,

    /// <summary>They may write at any moment: it is not to be replaced, changed or removed.</summary>
    Writing,
}
