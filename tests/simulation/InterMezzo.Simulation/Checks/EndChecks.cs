// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Lento.Replication;
using InterMezzo.Replication;
using InterMezzo.Simulation.Engine;
using InterMezzo.Simulation.Kernel;

namespace InterMezzo.Simulation.Checks;

/// <summary>What must be so when all are connected and nothing happens any more.</summary>
internal static class EndChecks
{
    /// <param name="history">That has ended.</param>
    /// <param name="strict">See <see cref="Options.Strict"/>.</param>
    public static void Run(History history, bool strict)
    {
        NothingIsLost(history);
        LogsReplay(history);
        if (history.Lost && !strict)
        {
            return;
        }

        var server = TreeImage.Of(history.Server);
        foreach (var client in history.Clients)
        {
            AreEqual(history, server, client);
        }

        if (!history.Lost)
        {
            // What a removal that has lost leaves, stays with all that it is in.
            NothingComesBack(history);
        }

        foreach (var machine in history.Machines)
        {
            NothingIsLeftOver(history, machine);
            MemoryIsBounded(history, machine);
        }
    }

    private static void AreEqual(History history, SortedDictionary<string, string> server, Machine client)
    {
        var there = TreeImage.Of(client);
        foreach (var path in server.Keys.Union(there.Keys).Order(StringComparer.Ordinal))
        {
            var (one, other) = (server.GetValueOrDefault(path), there.GetValueOrDefault(path));
            if (one != other)
            {
                history.Fail($"the trees differ at {path}:\n    server   {one ?? "nothing"}\n    {client.Name} {other ?? "nothing"}");
                return;
            }
        }
    }

    private static void LogsReplay(History history)
    {
        foreach (var machine in history.Machines)
        {
            if (LogReplay.Compare(machine) is { } difference)
            {
                history.Fail($"{machine.Name}: tree and log differ at {difference}");
                return;
            }
        }
    }

    private static void NothingIsLost(History history)
    {
        var there = history.Machines
            .SelectMany(machine => machine.Disk.Inodes.Values.Where(inode => IsInReach(machine, inode)))
            .SelectMany(inode => Ledger.MarksIn(inode.State.Data))
            .ToHashSet();
        foreach (var mark in history.Ledger.Owed.Where(mark => !there.Contains(mark)))
        {
            history.Fail($"the content {mark} is in no tree and in no conflict store");
            return;
        }
    }

    private static void NothingComesBack(History history)
    {
        foreach (var fid in history.Ledger.Gone)
        {
            foreach (var machine in history.Machines)
            {
                if (machine.Disk.Inodes.Values.Any(inode => !machine.Mount.IsBelowControl(inode) && machine.Mount.FidOf(inode).Canonical(machine.Replica) == fid))
                {
                    history.Fail($"{fid}, which was removed, is in the tree of {machine.Name}");
                    return;
                }
            }
        }
    }

    /// <summary>Nothing stays in the daemon's own directories but conflicts.</summary>
    private static void NothingIsLeftOver(History history, Machine machine)
    {
        foreach (var name in (string[])["objects", "aside", "redo"])
        {
            var entries = Directory(machine, "staging", name)?.Entries.Keys ?? [];
            if (entries.Count > 0)
            {
                history.Fail($"{machine.Name}: {string.Join(' ', entries)} left in staging/{name}");
            }
        }

        if (machine.Daemon?.Service is { } service && service.Deferred.All.Count > 0)
        {
            history.Fail($"{machine.Name}: a content waits for a writer that there isn't");
        }
    }

    /// <summary>What is remembered of updates is no more than what the log has of them.</summary>
    private static void MemoryIsBounded(History history, Machine machine)
    {
        var (sessions, records) = machine.Daemon?.Ask(service => (service.Sessions, service.Replica.Journal is { } journal
            ? LogScan.Records(journal, journal.Info.First, journal.Info.Watermark).Count() : 0)) ?? ([], 0);
        foreach (var session in sessions)
        {
            if (session.Remembered > records * 2 * RecordFacts.MaxTouches)
            {
                history.Fail($"{machine.Name}: remembers {session.Remembered} facets for {session.Peer}, and {records} records are in its log");
            }
        }
    }

    /// <summary>In the tree, or in the conflict store: what is only staged, nobody finds.</summary>
    private static bool IsInReach(Machine machine, Inode inode) =>
        !machine.Mount.IsBelowControl(inode) || (Directory(machine, "conflicts") is { } conflicts && IsBelow(inode, conflicts));

    private static bool IsBelow(Inode inode, Inode directory)
    {
        while (inode != directory)
        {
            if (inode.Names.Count == 0)
            {
                return false;
            }

            inode = inode.Names[0].Directory;
        }

        return true;
    }

    private static Inode? Directory(Machine machine, params string[] path)
    {
        var inode = machine.Mount.Root.Entries[".intermezzo"].Entries["home"];
        foreach (var name in path)
        {
            if (!inode.Entries.TryGetValue(name, out inode!))
            {
                return null;
            }
        }

        return inode;
    }
}
