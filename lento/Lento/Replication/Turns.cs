// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Lento.Replication;

/// <summary>So many may go on at a time, the others wait. (A SemaphoreSlim's waiters go on in the thread pool first.)</summary>
internal sealed class Turns(int count)
{
    private readonly Signal _given = new();
    private int _free = count;

    public Task TakeAsync(CancellationToken cancellationToken) => _given.WaitUntilAsync(TryTake, cancellationToken);

    public void Give(int number = 1)
    {
        Interlocked.Add(ref _free, number);
        _given.Pulse();
    }

    private bool TryTake()
    {
        while (Volatile.Read(ref _free) is > 0 and var free)
        {
            if (Interlocked.CompareExchange(ref _free, free - 1, free) == free)
            {
                return true;
            }
        }

        return false;
    }
}
