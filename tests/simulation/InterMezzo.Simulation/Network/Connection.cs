// SPDX-License-Identifier: GPL-2.0-or-later
using Grpc.Core;
using InterMezzo.Simulation.Engine;
using Microsoft.AspNetCore.Connections;

namespace InterMezzo.Simulation.Network;

/// <summary>A call on its way between two daemons.</summary>
internal sealed class Call(Scheduler scheduler, Daemon server)
{
    public const string Complete = "Can't write the message because the call is complete.";

    private readonly CancellationTokenSource _aborted = new();

    public Pipe Up { get; } = new(scheduler);

    public Pipe Down { get; } = new(scheduler);

    public Daemon Server { get; } = server;

    /// <summary>The server's end: the client is gone.</summary>
    public CancellationToken Aborted => _aborted.Token;

    public bool IsOver { get; private set; }

    /// <summary>The server has answered, or refused.</summary>
    public void End(Exception? status)
    {
        IsOver = true;
        Down.End(status);
        Up.BreakWriter(status ?? new InvalidOperationException(Complete));
        scheduler.Add(Down);
    }

    /// <summary>The client's end has nothing to do with it any more.</summary>
    public void BreakClient(Exception why)
    {
        Up.BreakWriter(why);
        Down.BreakReader(why);
    }

    /// <summary>The server's end hears that the client is gone.</summary>
    public void BreakServer()
    {
        Server.Context.Post(() =>
        {
            var why = new IOException("The client reset the request stream.", new ConnectionResetException("reset"));
            Up.BreakReader(why);
            Down.BreakWriter(why);
            _aborted.Cancel();
        });
    }
}

/// <summary>A connection of a client with its server. It breaks once, and each end notices when it does.</summary>
internal sealed class Connection(History history, Daemon client, Daemon server)
{
    private readonly List<Call> _calls = [];
    private bool _isClientTold;

    public bool IsCut { get; private set; }

    public Daemon Client { get; } = client;

    public Daemon Server { get; } = server;

    /// <summary>The client opens a call; whether the server has heard of it, time will tell.</summary>
    public Call Begin(Action<Call> opened)
    {
        var call = new Call(history.Scheduler, Server);
        if (_isClientTold)
        {
            call.BreakClient(Unavailable("the connection is closed"));
            return call;
        }

        _calls.RemoveAll(old => old.IsOver);
        _calls.Add(call);
        if (IsCut)
        {
            call.Up.Cut();
            call.Down.Cut();
            return call;
        }

        call.Up.Open(() => opened(call));
        return call;
    }

    /// <param name="clientNotices">After this time.</param>
    /// <param name="serverNotices">After this time.</param>
    public void Cut(TimeSpan clientNotices, TimeSpan serverNotices)
    {
        if (IsCut)
        {
            return;
        }

        IsCut = true;
        foreach (var call in _calls)
        {
            call.Up.Cut();
            call.Down.Cut();
        }

        history.After(clientNotices, TellClient);
        history.After(serverNotices, TellServer);
    }

    public static RpcException Unavailable(string why) => new(new Status(StatusCode.Unavailable, why));

    private void TellClient()
    {
        _isClientTold = true;
        Client.Context.Post(() => _calls.ForEach(call => call.BreakClient(Unavailable("the connection broke"))));
    }

    private void TellServer() => _calls.ForEach(call => call.BreakServer());
}
