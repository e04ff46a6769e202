// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Protocol.Replication;

namespace InterMezzo.Lento.Replication;

/// <summary>
/// Batches on their way: how many may be unacknowledged (the peer's memory and
/// ours are bounded by it), and how much of the own log the peer has for good.
/// </summary>
internal sealed class SendWindow(int size)
{
    private readonly Lock _gate = new();
    private readonly Signal _changed = new();

    // guarded by _gate
    private readonly Queue<(ulong Number, ulong From, ulong Known)> _unacknowledged = [];
    private ulong _cursor;
    private ulong _known;
    private ulong _last;

    /// <summary>The peer has everything of the own log below this offset, durably, or doesn't need it.</summary>
    public ulong Settled
    {
        get
        {
            lock (_gate)
            {
                return _unacknowledged.TryPeek(out var oldest) ? oldest.From : _cursor;
            }
        }
    }

    public int Unacknowledged
    {
        get
        {
            lock (_gate)
            {
                return _unacknowledged.Count;
            }
        }
    }

    /// <summary>What lies below the offset holds nothing for the peer, or is there.</summary>
    /// <param name="offset">In the own log.</param>
    /// <param name="known">What is made from there on knew this much of the peer's log.</param>
    public void Pass(ulong offset, ulong known)
    {
        lock (_gate)
        {
            (_cursor, _known) = (offset, known);
        }

        _changed.Pulse();
    }

    public Task RoomAsync(CancellationToken cancellationToken) =>
        _changed.WaitUntilAsync(() => Unacknowledged < size, cancellationToken);

    /// <summary>How little of the peer's log the oldest unacknowledged update knew.</summary>
    public ulong OldestKnown
    {
        get
        {
            lock (_gate)
            {
                return _unacknowledged.TryPeek(out var oldest) ? oldest.Known : _known;
            }
        }
    }

    public ulong Begin(ulong from, ulong known)
    {
        lock (_gate)
        {
            _unacknowledged.Enqueue((++_last, from, known));
            return _last;
        }
    }

    /// <summary>The batch that was begun last ends here. To be called before its end is sent.</summary>
    public void End(ulong to, ulong known)
    {
        lock (_gate)
        {
            (_cursor, _known) = (to, known);
        }
    }

    public void Acknowledge(Ack ack)
    {
        lock (_gate)
        {
            if (ack.Number > _last)
            {
                throw new InvalidMessageException($"batch {ack.Number} acknowledged, {_last} sent");
            }

            while (_unacknowledged.TryPeek(out var oldest) && oldest.Number <= ack.Number)
            {
                _unacknowledged.Dequeue();
            }
        }

        _changed.Pulse();
    }

    public Task SettledAsync(ulong offset, CancellationToken cancellationToken) =>
        _changed.WaitUntilAsync(() => Settled >= offset, cancellationToken);
}
