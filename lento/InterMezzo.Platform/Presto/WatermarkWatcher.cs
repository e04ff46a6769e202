// SPDX-License-Identifier: GPL-2.0-or-later
using System.Buffers.Binary;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform;

/// <summary>
/// Wakes who waits for the log to grow, or for files to be closed. One thread sleeps in poll(2) on the device, and on an eventfd by which new
/// waiters and the end reach it; while nobody waits it doesn't look at the device at all.
/// </summary>
internal sealed class WatermarkWatcher : IDisposable
{
    private readonly PrestoDevice _device;
    private readonly Fd _position;
    private readonly Fd _wakeUp;
    private readonly Thread _thread;
    private readonly Lock _gate = new();

    // guarded by _gate
    private readonly List<Waiter> _waiters = [];
    private bool _ends;

    internal WatermarkWatcher(PrestoDevice device)
    {
        _device = device;
        _position = device.OpenAgain();
        _wakeUp = new Fd(SysException.Check(Interop.Sys.EventFd(), "eventfd", "watermark"));
        _thread = new Thread(Run) { IsBackground = true, Name = "journal watcher" };
        _thread.Start();
    }

    internal ValueTask<ulong> WaitBeyondAsync(ulong offset, CancellationToken cancellationToken)
    {
        var watermark = _device.ReadInfo().Watermark;
        return watermark > offset ? new ValueTask<ulong>(watermark) : new ValueTask<ulong>(WaitAsync(new Waiter(Event.Growth, offset), cancellationToken));
    }

    internal async ValueTask<uint> WaitReleasedAsync(uint seen, CancellationToken cancellationToken) =>
        (uint)await WaitAsync(new Waiter(Event.Release, seen), cancellationToken).ConfigureAwait(false);

    internal async ValueTask<uint> WaitWantedAsync(uint seen, CancellationToken cancellationToken) =>
        (uint)await WaitAsync(new Waiter(Event.Want, seen), cancellationToken).ConfigureAwait(false);

    public void Dispose()
    {
        lock (_gate)
        {
            _ends = true;
        }

        WakeUp();
        _thread.Join();
        _position.Dispose();
        _wakeUp.Dispose();
    }

    private async Task<ulong> WaitAsync(Waiter waiter, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_ends, this);
            _waiters.Add(waiter);
        }

        WakeUp();
        await using var registration = cancellationToken.UnsafeRegister(_ => Cancel(waiter, cancellationToken), null).ConfigureAwait(false);
        return await waiter.Task.ConfigureAwait(false);
    }

    private void Cancel(Waiter waiter, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            _waiters.Remove(waiter);
        }

        waiter.TrySetCanceled(cancellationToken);
    }

    private void Run()
    {
        try
        {
            while (Serve())
            {
            }
        }
        catch (IOException e)
        {
            FailAll(e);
        }
    }

    /// <summary>Wakes whom the watermark has passed, then sleeps until there is something new. False: the end.</summary>
    private bool Serve()
    {
        short events;
        var info = _device.ReadInfo(_position);
        lock (_gate)
        {
            if (_ends)
            {
                FailAllLocked(new ObjectDisposedException(nameof(WatermarkWatcher)));
                return false;
            }

            WakeLocked(info);
            events = EventsLocked();
        }

        if ((events & Interop.Sys.PollIn) != 0)
        {
            SysException.Check(Interop.Sys.LSeek(_position, checked((long)info.Watermark), Interop.Sys.SeekSet), "lseek", _device.Path);
        }

        Sleep(events);
        return true;
    }

    private short EventsLocked()
    {
        short events = 0;
        foreach (var waiter in _waiters)
        {
            events |= waiter.Event == Event.Growth ? Interop.Sys.PollIn : Interop.Sys.PollPriority;
        }

        return events;
    }

    private void Sleep(short events)
    {
        Span<Interop.Sys.PollFd> fds = [new(_wakeUp.Number), new(_position.Number) { Events = events }];
        var result = Interop.Sys.Poll(events != 0 ? fds : fds[..1], -1);
        if (result != -Errno.EINTR)
        {
            SysException.Check(result, "poll", _device.Path);
        }

        Span<byte> count = stackalloc byte[8];
        _ = Interop.Sys.Read(_wakeUp, count);
        if (events != 0 && (fds[1].Returned & Interop.Sys.PollHangUp) != 0)
        {
            throw new JournalException(JournalFault.Gone, 0, $"{_device.Path}: the fileset was unmounted");
        }
    }

    private void WakeLocked(in PrestoAbi.Info info)
    {
        for (var i = _waiters.Count - 1; i >= 0; i--)
        {
            if (_waiters[i].TryEnd(info))
            {
                _waiters.RemoveAt(i);
            }
        }
    }

    private void FailAll(Exception why)
    {
        lock (_gate)
        {
            _ends = true;
            FailAllLocked(why);
        }
    }

    private void FailAllLocked(Exception why)
    {
        foreach (var waiter in _waiters)
        {
            waiter.TrySetException(why);
        }

        _waiters.Clear();
    }

    private void WakeUp()
    {
        Span<byte> one = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(one, BitConverter.IsLittleEndian ? 1 : 1ul << 56);
        _ = Interop.Sys.Write(_wakeUp, one);
    }

    private enum Event
    {
        /// <summary>The log grows.</summary>
        Growth,

        /// <summary>A file is closed.</summary>
        Release,

        /// <summary>A program asks at the gate.</summary>
        Want,
    }

    /// <param name="what">What is waited for.</param>
    /// <param name="seen">How often it has happened, or how far the log goes.</param>
    private sealed class Waiter(Event what, ulong seen) : TaskCompletionSource<ulong>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        internal Event Event => what;

        internal bool TryEnd(in PrestoAbi.Info info)
        {
            var now = what switch { Event.Growth => info.Watermark, Event.Release => info.Released, _ => info.Wanted };
            var ends = what == Event.Growth ? now > seen : now != seen;
            if (ends)
            {
                TrySetResult(now);
            }

            return ends;
        }
    }
}
