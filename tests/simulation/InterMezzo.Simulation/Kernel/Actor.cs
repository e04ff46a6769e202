// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Replication.Ports;

namespace InterMezzo.Simulation.Kernel;

/// <summary>Who does something to a mount.</summary>
/// <param name="Context">The apply context of the thread. Default: it has none.</param>
/// <param name="IsLento">It is the daemon.</param>
/// <param name="Pid">Of the process.</param>
internal readonly record struct Actor(Origin Context, bool IsLento, uint Pid)
{
    public bool Applies => Context.Dot.Replica != 0;
}
