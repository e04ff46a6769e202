// SPDX-License-Identifier: GPL-2.0-or-later
using System.Buffers.Binary;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform;

/// <summary>
/// Wakes who waits for the log to grow. One thread sleeps in poll(2) on the device, and on an eventfd by which new
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
        return watermark > offset ? new ValueTask<ulong>(watermark) : new ValueTask<ulong>(WaitAsync(offset, cancellationToken));
    }

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

    private async Task<ulong> WaitAsync(ulong offset, CancellationToken cancellationToken)
    {
        var waiter = new Waiter(offset);
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
        bool waits;
        var watermark = _device.ReadInfo().Watermark;
        lock (_gate)
        {
            if (_ends)
            {
                FailAllLocked(new ObjectDisposedException(nameof(WatermarkWatcher)));
                return false;
            }

            WakeLocked(watermark);
            waits = _waiters.Count > 0;
        }

        if (waits)
        {
            SysException.Check(Interop.Sys.LSeek(_position, checked((long)watermark), Interop.Sys.SeekSet), "lseek", _device.Path);
        }

        Sleep(waits);
        return true;
    }

    private void Sleep(bool untilGrown)
    {
        Span<Interop.Sys.PollFd> fds = [new(_wakeUp.Number), new(_position.Number)];
        var result = Interop.Sys.Poll(untilGrown ? fds : fds[..1], -1);
        if (result != -Errno.EINTR)
        {
            SysException.Check(result, "poll", _device.Path);
        }

        Span<byte> count = stackalloc byte[8];
        _ = Interop.Sys.Read(_wakeUp, count);
        if (untilGrown && (fds[1].Returned & Interop.Sys.PollHangUp) != 0)
        {
            throw new JournalException(JournalFault.Gone, 0, $"{_device.Path}: the fileset was unmounted");
        }
    }

    private void WakeLocked(ulong watermark)
    {
        for (var i = _waiters.Count - 1; i >= 0; i--)
        {
            if (_waiters[i].Offset < watermark)
            {
                _waiters[i].TrySetResult(watermark);
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

    private sealed class Waiter(ulong offset) : TaskCompletionSource<ulong>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        internal ulong Offset { get; } = offset;
    }
}
