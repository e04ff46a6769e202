// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Lento.Replication;

/// <summary>
/// Lets any number of tasks wait until a condition holds; whoever changes what it reads calls <see cref="Pulse"/>. Who waits goes on
/// in the context that he came from, and nothing else runs in between.
/// </summary>
internal sealed class Signal
{
    private readonly Lock _gate = new();

    // guarded by _gate
    private List<TaskCompletionSource> _waiting = [];

    public void Pulse()
    {
        List<TaskCompletionSource> waiting;
        lock (_gate)
        {
            if (_waiting.Count == 0)
            {
                return;
            }

            (waiting, _waiting) = (_waiting, []);
        }

        foreach (var waiter in waiting)
        {
            waiter.TrySetResult();
        }
    }

    public async Task WaitUntilAsync(Func<bool> condition, CancellationToken cancellationToken)
    {
        while (!condition())
        {
            var waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Add(waiter);
            try
            {
                // Read again: a pulse in between isn't lost.
                if (condition())
                {
                    return;
                }

                using var ending = cancellationToken.UnsafeRegister((_, token) => waiter.TrySetCanceled(token), null);
                await waiter.Task;
            }
            finally
            {
                Remove(waiter);
            }
        }
    }

    private void Add(TaskCompletionSource waiter)
    {
        lock (_gate)
        {
            _waiting.Add(waiter);
        }
    }

    private void Remove(TaskCompletionSource waiter)
    {
        lock (_gate)
        {
            _waiting.Remove(waiter);
        }
    }
}
