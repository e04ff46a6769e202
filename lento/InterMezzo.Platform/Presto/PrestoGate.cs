// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform;

/// <summary>The gate of a mount.</summary>
internal sealed class PrestoGate(PrestoDevice device, WatermarkWatcher watcher) : IGate
{
    /// <summary>Whoever has a file open for writing comes to an end meanwhile: opening, writing and closing belong together.</summary>
    private const uint GraceMilliseconds = 1000;

    public uint Wanted => device.ReadInfo().Wanted;

    public void Turn(GateState state, GateState otherwise, TimeSpan patience) =>
        device.TurnGate(state, otherwise, (uint)Math.Clamp(patience.TotalMilliseconds, 1, PrestoAbi.GateWaitMax), GraceMilliseconds);

    public ValueTask<uint> WaitWantedAsync(uint seen, CancellationToken cancellationToken) => watcher.WaitWantedAsync(seen, cancellationToken);
}
