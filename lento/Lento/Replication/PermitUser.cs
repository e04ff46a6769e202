// SPDX-License-Identifier: GPL-2.0-or-later
using System.Threading.Channels;
using InterMezzo.Protocol.Replication;
using InterMezzo.Replication.Ports;
using Kind = InterMezzo.Protocol.Replication.Permit.Types.Kind;

namespace InterMezzo.Lento.Replication;

/// <summary>
/// At a client: opens and shuts the gate of its programs as the server gives and takes the write permit, and as the
/// fileset's policy says when there is no server.
/// </summary>
/// <param name="gate">Of the programs here.</param>
/// <param name="apply">Turns it.</param>
/// <param name="settings">The fileset.</param>
/// <param name="keptOut">For the apply thread: programs can't write any more.</param>
internal sealed class PermitUser(IGate gate, IApplyThread apply, FilesetSettings settings, Action keptOut)
{
    /// <summary>What a server that keeps to the protocol may have said and we not done: a grant, and that it wants it back.</summary>
    private const int QueueLength = 4;

    private readonly Channel<Kind> _heard = Channel.CreateBounded<Kind>(QueueLength);
    private volatile bool _holds;

    /// <summary>Programs may write, and nobody else's do.</summary>
    public bool Holds => _holds;

    /// <summary>There is no server, or none that has permits.</summary>
    public Task TurnAsync(bool isConnected)
    {
        var isOpen = isConnected || settings.Offline == GateState.Open || (settings.KeepsPermit && _holds);
        return TurnAsync(isOpen ? GateState.Open : GateState.Shut);
    }

    /// <summary>What the server says, in order.</summary>
    public void Hear(Kind kind)
    {
        if (!_heard.Writer.TryWrite(kind))
        {
            throw new InvalidMessageException("the permit is given and taken without end");
        }
    }

    /// <summary>Gives the permit back, as if the server wanted it.</summary>
    public bool GiveBack() => _holds && _heard.Writer.TryWrite(Kind.TakeBack);

    /// <summary>While connected to a server that has permits: ends with the session.</summary>
    public async Task RunAsync(SyncSession session, CancellationToken cancellationToken)
    {
        while (_heard.Reader.TryRead(out _))
        {
            // What an earlier session said.
        }

        _holds = false;
        var seen = gate.Wanted;
        await TurnAsync(GateState.Ask);
        var asking = gate.WaitWantedAsync(seen, cancellationToken).AsTask();
        var hearing = WaitHeardAsync(cancellationToken);
        var isAsked = false;
        while (true)
        {
            await Task.WhenAny(asking, hearing);
            if (hearing.IsCompleted)
            {
                await hearing;
                while (_heard.Reader.TryRead(out var kind))
                {
                    isAsked &= kind != Kind.Grant;
                    await DoAsync(kind, session, cancellationToken);
                }

                hearing = WaitHeardAsync(cancellationToken);
            }

            if (asking.IsCompleted)
            {
                asking = gate.WaitWantedAsync(await asking, cancellationToken).AsTask();
                if (!_holds && !isAsked)
                {
                    isAsked = true;
                    await session.SayAsync(Kind.Want);
                }
            }
        }
    }

    /// <summary>Something was heard: told where this runs, not where it came from.</summary>
    private async Task<bool> WaitHeardAsync(CancellationToken cancellationToken) => await _heard.Reader.WaitToReadAsync(cancellationToken);

    private async Task DoAsync(Kind kind, SyncSession session, CancellationToken cancellationToken)
    {
        if (kind == Kind.Grant)
        {
            await session.CatchUpAsync(cancellationToken);
            await TurnAsync(GateState.Open);
            _holds = true;
            return;
        }

        await TurnAsync(GateState.Ask);
        _holds = false;
        await session.SettleAsync(cancellationToken);
        await session.SayAsync(Kind.Release);
    }

    private Task TurnAsync(GateState state) => apply.RunAsync(() =>
    {
        gate.Turn(state, settings.Offline, settings.PermitWait);
        if (state != GateState.Open)
        {
            keptOut();
        }
    });
}
