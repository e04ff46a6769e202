// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform;

/// <summary>The log behind a device.</summary>
internal sealed class PrestoJournal(PrestoDevice device) : IJournal, IDisposable
{
    private readonly WatermarkWatcher _watcher = new(device);

    internal IGate Gate => new PrestoGate(device, _watcher);

    public JournalInfo Info => PrestoDevice.ToJournalInfo(device.ReadInfo());

    public int Read(ulong offset, Span<byte> buffer) => device.Read(offset, buffer);

    public ValueTask<ulong> WaitBeyondAsync(ulong offset, CancellationToken cancellationToken) => _watcher.WaitBeyondAsync(offset, cancellationToken);

    public ValueTask<uint> WaitReleasedAsync(uint seen, CancellationToken cancellationToken) => _watcher.WaitReleasedAsync(seen, cancellationToken);

    public ulong Sync(ulong below) => device.Durable >= below ? device.Durable : device.Sync();

    public bool TakesMarks => true;

    public void Mark(ReadOnlySpan<byte> payload, ulong taken = 0) => device.Mark(payload, taken);

    public void Trim(ulong offset) => device.Trim(offset);

    public void Dispose() => _watcher.Dispose();
}
