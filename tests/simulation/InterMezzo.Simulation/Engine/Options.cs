// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Simulation.Engine;

/// <param name="Faults">Cables are pulled, daemons killed, the power is cut.</param>
internal sealed record Options(bool Faults = true);
