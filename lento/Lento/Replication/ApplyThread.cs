// SPDX-License-Identifier: GPL-2.0-or-later
using System.Collections.Concurrent;

namespace InterMezzo.Lento.Replication;

/// <summary>
/// The one thread of a fileset that changes its tree: an apply context belongs
/// to a kernel thread. Work runs in the order it was given; whoever gives it
/// waits for it, so that the queue stays as short as there are sessions.
/// </summary>
internal interface IApplyThread : IDisposable
{
    Task<T> RunAsync<T>(Func<T> work);

    Task RunAsync(Action work) => RunAsync(() =>
    {
        work();
        return true;
    });
}

/// <summary>A thread of its own. Ends after the work that was given before.</summary>
internal sealed class ApplyThread : IApplyThread
{
    private readonly BlockingCollection<Action> _work = [];
    private readonly Thread _thread;

    public ApplyThread(string fileset)
    {
        _thread = new Thread(Run) { Name = $"apply {fileset}", IsBackground = true };
        _thread.Start();
    }

    public Task<T> RunAsync<T>(Func<T> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _work.Add(() =>
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
        _work.CompleteAdding();
        _thread.Join();
        _work.Dispose();
    }

    private void Run()
    {
        foreach (var work in _work.GetConsumingEnumerable())
        {
            work();
        }
    }
}
