// SPDX-License-Identifier: GPL-2.0-or-later
using Grpc.Core;
using InterMezzo.Lento.Replication;
using InterMezzo.Simulation.Engine;

namespace InterMezzo.Simulation.Network;

/// <summary>The cable of a client machine, to its server. It outlives daemons.</summary>
internal sealed class Cable(History history, Machine machine)
{
    private readonly List<TaskCompletionSource> _waiting = [];

    public bool IsUp { get; private set; } = true;

    /// <summary>Connections that nobody has found dead yet.</summary>
    public List<Connection> Connections { get; } = [];

    /// <param name="clientNotices">That its connections are dead, after this time.</param>
    /// <param name="serverNotices">The same.</param>
    public void Pull(TimeSpan clientNotices, TimeSpan serverNotices)
    {
        IsUp = false;
        Break(clientNotices, serverNotices);
    }

    public void Break(TimeSpan clientNotices, TimeSpan serverNotices)
    {
        foreach (var connection in Connections)
        {
            connection.Cut(clientNotices, serverNotices);
        }

        Connections.Clear();
    }

    public void Plug()
    {
        IsUp = true;
        foreach (var waiter in _waiting)
        {
            waiter.TrySetResult();
        }

        _waiting.Clear();
    }

    public async Task ChangedAsync(CancellationToken cancellationToken)
    {
        var waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting.Add(waiter);
        using var ending = cancellationToken.UnsafeRegister((_, token) => waiter.TrySetCanceled(token), null);
        await waiter.Task;
    }

    public Connection Connect(Daemon client)
    {
        if (!IsUp || machine.Upstream?.Daemon is not { IsAlive: true } server)
        {
            throw Connection.Unavailable("no route to host");
        }

        var connection = new Connection(history, client, server);
        Connections.Add(connection);
        return connection;
    }
}

/// <summary>How a client's daemon reaches its server.</summary>
internal sealed class Link(History history, Daemon client, Cable cable) : IServerLink
{
    public ValueTask<CallInvoker> ConnectAsync(CancellationToken cancellationToken) =>
        new(new Invoker(history, cable.Connect(client)));

    public Task NetworkChangedAsync(CancellationToken cancellationToken) => cable.ChangedAsync(cancellationToken);
}
