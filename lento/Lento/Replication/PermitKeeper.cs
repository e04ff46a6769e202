// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;
using Microsoft.Extensions.Logging;
using Kind = InterMezzo.Protocol.Replication.Permit.Types.Kind;

namespace InterMezzo.Lento.Replication;

/// <summary>
/// At a server: passes the write permit on between its clients and its own programs. <see cref="PermitTable"/> decides,
/// this does it.
/// </summary>
/// <param name="settings">The fileset.</param>
/// <param name="replica">The server's.</param>
/// <param name="apply">Turns the gate.</param>
/// <param name="tell">Tells a client; false: it is out of reach.</param>
/// <param name="keptOut">For the apply thread: the server's own programs can't write any more.</param>
/// <param name="isAtWork">Whether something has moved between a client and this server since this was asked last.</param>
/// <param name="time">For how long who has it.</param>
/// <param name="logger">Says when a permit is broken.</param>
internal sealed class PermitKeeper(
    FilesetSettings settings,
    IReplica replica,
    IApplyThread apply,
    Func<ulong, Kind, Task<bool>> tell,
    Action keptOut,
    Func<ulong, bool> isAtWork,
    TimeProvider time,
    ILogger logger)
{
    private readonly IGate _turns = replica.Gate!;
    private readonly long _started = time.GetTimestamp();
    private readonly Signal _changed = new();
    private readonly Lock _gate = new();

    // guarded by _gate
    private readonly PermitTable _table = new(replica.Self, settings.PermitHold, settings.PermitPatience);
    private int _changes;

    private TimeSpan Now => time.GetElapsedTime(_started);

    public void Want(ulong who) => Change(table => table.Want(who));

    public void Release(ulong who) => Change(table => table.Release(who));

    public void Came(ulong who) => Change(table => table.Came(who));

    public void Left(ulong who) => Change(table => table.Left(who, Now));

    /// <summary>Takes it from its holder, whatever that one still has to say.</summary>
    public void Break()
    {
        var from = 0ul;
        Change(table => from = table.BreakNow());
        if (from != 0)
        {
            logger.PermitBroken(settings.Name, from);
        }
    }

    public PermitStatus Status()
    {
        lock (_gate)
        {
            return new PermitStatus(_table.Holder, Now - _table.Since, [.. _table.Wanting]);
        }
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        // Before the gate is turned first, so that nobody who asks is missed.
        var asking = FollowProgramsAsync(_turns.Wanted, cancellationToken);
        while (true)
        {
            var (step, seen) = Next();
            switch (step.Action)
            {
                case PermitAction.Grant when step.Who == replica.Self:
                    await TurnAsync(GateState.Open);
                    break;
                case PermitAction.Grant:
                    if (!await tell(step.Who, Kind.Grant))
                    {
                        Left(step.Who);
                    }

                    break;
                case PermitAction.TakeBack when step.Who == replica.Self:
                    await TurnAsync(GateState.Ask);
                    Release(replica.Self);
                    break;
                case PermitAction.TakeBack:
                    await tell(step.Who, Kind.TakeBack);
                    break;
                case PermitAction.Break:
                    logger.PermitBroken(settings.Name, step.Who);
                    break;
                default:
                    await WaitAsync(seen, step.After, asking, cancellationToken);
                    break;
            }
        }
    }

    private (PermitStep Step, int Seen) Next()
    {
        var holder = Status().Holder;
        var moves = holder != replica.Self && isAtWork(holder);
        lock (_gate)
        {
            if (moves)
            {
                _table.Heard(holder, Now);
            }

            return (_table.Next(Now), _changes);
        }
    }

    /// <summary>Until something has changed, or the time is over; and no longer than the programs can be heard.</summary>
    private async Task WaitAsync(int seen, TimeSpan? time_, Task asking, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var changed = _changed.WaitUntilAsync(() => Volatile.Read(ref _changes) != seen, ending.Token);
        var over = time_ is { } after ? Task.Delay(after, time, ending.Token) : Task.Delay(Timeout.InfiniteTimeSpan, time, ending.Token);
        var first = await Task.WhenAny(changed, over, asking);
        ending.Cancel();
        cancellationToken.ThrowIfCancellationRequested();
        if (first == asking)
        {
            await asking;
        }
    }

    private async Task FollowProgramsAsync(uint seen, CancellationToken cancellationToken)
    {
        while (true)
        {
            seen = await _turns.WaitWantedAsync(seen, cancellationToken);
            Want(replica.Self);
        }
    }

    private Task TurnAsync(GateState state) => apply.RunAsync(() =>
    {
        _turns.Turn(state, GateState.Open, settings.PermitWait);
        if (state != GateState.Open)
        {
            keptOut();
        }
    });

    private void Change(Action<PermitTable> change)
    {
        lock (_gate)
        {
            change(_table);
            _changes++;
        }

        _changed.Pulse();
    }
}

/// <param name="Holder">The replica that has the permit; 0: it is being passed on.</param>
/// <param name="For">So long.</param>
/// <param name="Wanting">Who waits for it, in this order.</param>
internal sealed record PermitStatus(ulong Holder, TimeSpan For, IReadOnlyList<ulong> Wanting);
