// SPDX-License-Identifier: GPL-2.0-or-later
using System.Text;
using InterMezzo.Lento.Replication;
using InterMezzo.Replication.Ports;
using InterMezzo.Simulation.Checks;
using InterMezzo.Simulation.Kernel;
using InterMezzo.Simulation.Users;

namespace InterMezzo.Simulation.Engine;

/// <summary>Replicas whose users do what a test says; the seed decides the order of the daemons' steps alone.</summary>
internal sealed class Scenario
{
    private const ulong TrimStep = 16 << 20;

    private readonly History _history;

    /// <param name="seed">Of the order of steps.</param>
    /// <param name="clients">How many.</param>
    /// <param name="trimStep">The log is trimmed in steps of this.</param>
    /// <param name="servers">Of each client, the place of its server. Null: the first machine serves all.</param>
    /// <param name="isReadOnly">Clients may only read.</param>
    public Scenario(int seed, int clients = 1, ulong trimStep = TrimStep, IReadOnlyList<int>? servers = null, bool isReadOnly = false)
    {
        _history = new History(new Plan(seed, clients, trimStep, StartsFull: false, HasSkew: false, IsStrict: true, Mutation.None, []) { Servers = servers ?? [], IsReadOnly = isReadOnly }, keepsStory: true);
        Shells = [.. _history.Machines.Select(machine => new Shell(machine))];
        _history.Begin();
    }

    /// <summary>The server's user, then those of the clients.</summary>
    public IReadOnlyList<Shell> Shells { get; }

    /// <summary>What happened, a line each.</summary>
    public string Story => string.Join('\n', _history.Story);

    /// <summary>The clients are on their own.</summary>
    public void Part()
    {
        foreach (var client in _history.Clients)
        {
            client.Cable.Pull(TimeSpan.Zero, TimeSpan.Zero);
        }
    }

    /// <summary>Everybody is connected until nothing happens any more.</summary>
    /// <returns>What isn't as it must be then: unequal trees, something left over. Null: nothing.</returns>
    public string? Sync()
    {
        _history.Settle();
        if (_history.Failure is null)
        {
            EndChecks.Run(_history, strict: true);
        }

        return _history.Failure;
    }

    /// <summary>What the conflict store of a replica lists.</summary>
    /// <param name="replica">0: the server.</param>
    public IReadOnlyList<KeptConflict> Conflicts(int replica) =>
        _history.Machines[replica].Daemon?.Ask(service => service.Replica.Conflicts.List()) ?? [];

    /// <summary>The user there has decided about all that is listed. What comes of it is there after <see cref="Sync"/>.</summary>
    public void ResolveAll(int replica)
    {
        var daemon = _history.Machines[replica].Daemon!;
        foreach (var conflict in Conflicts(replica))
        {
            var stamp = daemon.Ask(service => service.Replica.Conflicts.Stamp(conflict));
            _history.Tell(_history.Machines[replica], $"resolve {conflict.Id}");
            daemon.Context.Post(() => _ = daemon.Service!.DropConflictAsync(conflict.Id, stamp));
        }
    }

    /// <summary>Until nobody has anything to do.</summary>
    public void Rest()
    {
        while (_history.Scheduler.RunStep())
        {
        }
    }

    /// <summary>SIGKILL; <see cref="Sync"/> starts it again.</summary>
    public void Kill(int replica) => _history.Machines[replica].KillDaemon();

    /// <summary>Power is cut, after all that happened has reached the disk, but not what the index has committed since the last sync; <see cref="Sync"/> turns it on.</summary>
    public void CutPower(int replica)
    {
        var machine = _history.Machines[replica];
        machine.CutPower(machine.Disk.Unsynced, index: 0, TimeSpan.Zero);
    }

    /// <summary>A name in the root there is taken for one that a program gave, and that nobody else knows of.</summary>
    public bool HasOwnName(int replica, string name) => _history.Machines[replica].Daemon!.Ask(service =>
    {
        var journal = service.Replica.Journal!;
        var own = new OwnUpdates(journal, service.Replica.Self, _history.Server.Replica);
        own.CatchUpTo(journal.Info.First);
        return own.HasLastingName(service.Replica.Tree.Root, Encoding.Latin1.GetBytes(name), journal.Info.First);
    });

    /// <summary>Facets of its own updates that a replica has in memory, because a peer may not know them.</summary>
    public int Remembered(int replica) => _history.Machines[replica].Daemon!.Ask(service => service.Sessions.Sum(session => session.Remembered));

    /// <summary>Where the log that is retained there begins.</summary>
    public ulong FirstOfLog(int replica) => _history.Machines[replica].Disk.Log.First;

    /// <summary>The contents of all files that are kept there.</summary>
    public IReadOnlyList<string> Kept(int replica)
    {
        var control = _history.Machines[replica].Mount.Root.Entries[".intermezzo"].Entries["home"];
        return control.Entries.TryGetValue("conflicts", out var conflicts)
            ? [.. conflicts.Entries.Values.Where(loser => loser.Entries.ContainsKey("kept")).SelectMany(loser => Contents(loser.Entries["kept"]))]
            : [];
    }

    private static IEnumerable<string> Contents(Inode inode) => inode.IsDirectory
        ? inode.Entries.Values.SelectMany(Contents)
        : inode.IsRegular ? [Encoding.Latin1.GetString(inode.State.Data)] : [];
}
