// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Lento.Replication;

/// <summary>Lets any number of tasks wait until a condition holds; whoever changes what it reads calls <see cref="Pulse"/>.</summary>
internal sealed class Signal
{
    private volatile TaskCompletionSource _next = NewSource();

    public void Pulse() => Interlocked.Exchange(ref _next, NewSource()).SetResult();

    public async Task WaitUntilAsync(Func<bool> condition, CancellationToken cancellationToken)
    {
        while (true)
        {
            // Taken before the condition is read: a pulse in between isn't lost.
            var next = _next.Task;
            if (condition())
            {
                return;
            }

            await next.WaitAsync(cancellationToken);
        }
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
