// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Simulation.Kernel;
using InterMezzo.Simulation.Syscalls;

namespace InterMezzo.Platform;

/// <summary>Wakes who waits for the log to grow, for files to be closed or for programs that ask, as the kernel does it: no thread sleeps here.</summary>
internal sealed class WatermarkWatcher : IDisposable
{
    private readonly Process _process;
    private readonly Mount _mount;
    private readonly List<Waiter> _waiters = [];

    internal WatermarkWatcher(PrestoDevice device)
    {
        _ = device;
        _process = Process.Running;
        _mount = _process.Mount;
        _mount.Changed += Wake;
    }

    internal ValueTask<ulong> WaitBeyondAsync(ulong offset, CancellationToken cancellationToken) =>
        _mount.Log.Head > offset ? new ValueTask<ulong>(_mount.Log.Head) : new ValueTask<ulong>(WaitAsync(new Waiter(mount => mount.Log.Head, offset, grows: true), cancellationToken));

    internal async ValueTask<uint> WaitReleasedAsync(uint seen, CancellationToken cancellationToken) =>
        (uint)await WaitAsync(new Waiter(mount => mount.Released, seen), cancellationToken);

    internal async ValueTask<uint> WaitWantedAsync(uint seen, CancellationToken cancellationToken) =>
        (uint)await WaitAsync(new Waiter(mount => mount.Wanted, seen), cancellationToken);

    public void Dispose()
    {
        _mount.Changed -= Wake;
        foreach (var waiter in _waiters)
        {
            waiter.TrySetException(new ObjectDisposedException(nameof(WatermarkWatcher)));
        }

        _waiters.Clear();
    }

    private async Task<ulong> WaitAsync(Waiter waiter, CancellationToken cancellationToken)
    {
        _waiters.Add(waiter);
        using var ending = cancellationToken.UnsafeRegister((_, token) => waiter.TrySetCanceled(token), null);
        Wake();
        return await waiter.Task;
    }

    private void Wake()
    {
        if (!_process.IsAlive)
        {
            _mount.Changed -= Wake;
            return;
        }

        _waiters.RemoveAll(waiter => waiter.Task.IsCompleted || waiter.TryEnd(_mount));
    }

    /// <param name="what">What is waited for.</param>
    /// <param name="seen">What it was.</param>
    /// <param name="grows">It is to be more, not only another.</param>
    private sealed class Waiter(Func<Mount, ulong> what, ulong seen, bool grows = false) : TaskCompletionSource<ulong>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        internal bool TryEnd(Mount mount)
        {
            var now = what(mount);
            return (grows ? now > seen : now != seen) && TrySetResult(now);
        }
    }
}
