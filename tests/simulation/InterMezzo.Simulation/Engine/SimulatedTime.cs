// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Simulation.Engine;

/// <summary>Time goes on with the steps, and from timer to timer when there are none.</summary>
internal sealed class SimulatedTime : TimeProvider
{
    private static readonly DateTimeOffset s_start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    // By when they are due, then by age.
    private readonly SortedDictionary<(long Due, long Number), SimulatedTimer> _timers = [];
    private long _ticks;
    private long _number;

    public TimeSpan Elapsed => TimeSpan.FromTicks(_ticks);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => s_start + Elapsed;

    public override long GetTimestamp() => _ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new SimulatedTimer(this, () => callback(state), SynchronizationContext.Current);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Does something later, in nobody's context.</summary>
    public void After(TimeSpan time, Action action) => new SimulatedTimer(this, action, null).Change(time, Timeout.InfiniteTimeSpan);

    public void Advance(TimeSpan by)
    {
        _ticks += by.Ticks;
        while (_timers.Count > 0 && _timers.First() is var (key, timer) && key.Due <= _ticks)
        {
            _timers.Remove(key);
            timer.Fire();
        }
    }

    /// <summary>False: there is no timer.</summary>
    public bool AdvanceToTimer()
    {
        if (_timers.Count == 0)
        {
            return false;
        }

        Advance(TimeSpan.FromTicks(Math.Max(0, _timers.First().Key.Due - _ticks)));
        return true;
    }

    private sealed class SimulatedTimer(SimulatedTime time, Action callback, SynchronizationContext? context) : ITimer
    {
        private (long, long)? _key;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            Dispose();
            if (dueTime != Timeout.InfiniteTimeSpan)
            {
                _key = (time._ticks + dueTime.Ticks, ++time._number);
                time._timers[_key.Value] = this;
            }

            return true;
        }

        public void Fire()
        {
            _key = null;
            if (context is null)
            {
                callback();
            }
            else
            {
                context.Post(_ => callback(), null);
            }
        }

        public void Dispose()
        {
            if (_key is { } key)
            {
                time._timers.Remove(key);
                _key = null;
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
