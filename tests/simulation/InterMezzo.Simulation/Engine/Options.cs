// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Simulation.Engine;

/// <param name="Faults">Cables are pulled, daemons killed, the power is cut.</param>
/// <param name="Trees">Some replicas have a tree of their own when they meet.</param>
/// <param name="Mutation">What is broken.</param>
/// <param name="Length">Events of a history at most; 0: few in most, some more in others.</param>
/// <param name="Permits">One machine at a time writes.</param>
/// <param name="Chains">Clients serve other clients.</param>
/// <param name="OneSided">On one machine only somebody works: there can't be a conflict.</param>
/// <param name="Strict">Trees must be equal also where an update of a client's has lost at the server, which the client doesn't take back as the server has it.</param>
internal sealed record Options(bool Faults = true, bool Trees = true, bool Strict = false, Mutation Mutation = Mutation.None, int Length = 0, bool Permits = false, bool Chains = false, bool OneSided = false);
