// SPDX-License-Identifier: GPL-2.0-or-later
using System.Collections.Concurrent;

namespace InterMezzo.Lento.Replication;

/// <summary>Questions to the peer that wait for their answer.</summary>
internal sealed class Barriers
{
    private readonly ConcurrentDictionary<ulong, TaskCompletionSource> _open = [];
    private ulong _last;

    public (ulong Id, Task Reply) New()
    {
        var id = Interlocked.Increment(ref _last);
        var reply = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _open[id] = reply;
        return (id, reply.Task);
    }

    public void Complete(ulong id)
    {
        if (_open.TryRemove(id, out var reply))
        {
            reply.TrySetResult();
        }
    }

    /// <summary>Nobody waits for it any more.</summary>
    public void Cancel(ulong id, CancellationToken cancellationToken)
    {
        if (_open.TryRemove(id, out var reply))
        {
            reply.TrySetCanceled(cancellationToken);
        }
    }

    /// <summary>The connection is gone: nothing will be answered any more.</summary>
    public void Break()
    {
        foreach (var id in _open.Keys)
        {
            if (_open.TryRemove(id, out var reply))
            {
                reply.TrySetException(new IOException("the connection broke"));
            }
        }
    }
}
