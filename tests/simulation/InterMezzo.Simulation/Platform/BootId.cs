// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Simulation.Syscalls;

namespace InterMezzo.Platform;

/// <summary>Which start of the simulated machine this is.</summary>
internal static class BootId
{
    internal static ReadOnlySpan<byte> Bytes => Process.Running.Machine.BootId;
}
