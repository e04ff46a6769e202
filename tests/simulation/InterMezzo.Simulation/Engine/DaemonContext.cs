// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Lento.Replication;
using InterMezzo.Simulation.Syscalls;

namespace InterMezzo.Simulation.Engine;

/// <summary>
/// What a daemon's tasks go on in, instead of the thread pool: in any order, as there, but one at a time and as the seed says. A
/// continuation that comes from another thread has escaped, and the history isn't the seed's any more.
/// </summary>
internal sealed class DaemonContext(Scheduler scheduler, Process process) : SynchronizationContext
{
    private readonly int _thread = Environment.CurrentManagedThreadId;
    private readonly WorkLane _work = new(process, isFifo: false, isApply: false);
    private readonly WorkLane _apply = new(process, isFifo: true, isApply: true);

    /// <summary>The daemon's apply thread.</summary>
    public IApplyThread ApplyThread => new ApplyLane(this);

    public bool IsIdle => !_work.HasWork && !_apply.HasWork;

    public override void Post(SendOrPostCallback d, object? state) => Add(_work, () => d(state));

    public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException();

    public override SynchronizationContext CreateCopy() => this;

    public void Post(Action action) => Add(_work, action);

    private void Add(WorkLane lane, Action action)
    {
        if (Environment.CurrentManagedThreadId != _thread)
        {
            process.Machine.History.HasEscaped = true;
            return;
        }

        if (process.IsAlive)
        {
            lane.Add(() =>
            {
                SetSynchronizationContext(this);
                action();
            });
            scheduler.Add(lane);
        }
    }

    private sealed class ApplyLane(DaemonContext context) : IApplyThread
    {
        public Task<T> RunAsync<T>(Func<T> work)
        {
            var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
            context.Add(context._apply, () =>
            {
                try
                {
                    done.SetResult(work());
                }
                catch (Exception exception)
                {
                    done.SetException(exception);
                }
            });
            return done.Task;
        }

        public void Dispose()
        {
            while (context._apply.HasWork)
            {
                context._apply.RunStep();
            }
        }
    }

    /// <summary>What a daemon has to do: a thread with its queue, or its thread pool.</summary>
    private sealed class WorkLane(Process process, bool isFifo, bool isApply) : Lane
    {
        private readonly List<Action> _items = [];

        public override bool HasWork => process.IsAlive && _items.Count > 0;

        public void Add(Action action) => _items.Add(action);

        public override void RunStep()
        {
            var index = isFifo ? 0 : process.Machine.History.Scheduler.Random.Next(_items.Count);
            var item = _items[index];
            _items.RemoveAt(index);
            process.IsApplying = isApply;
            Process.Current = process;
            try
            {
                item();
            }
            catch (KilledException)
            {
                // It was in the middle of something.
            }
            finally
            {
                process.IsApplying = false;
                Process.Current = null;
                SetSynchronizationContext(null);
            }
        }
    }
}
