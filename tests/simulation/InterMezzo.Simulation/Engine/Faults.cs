// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Simulation.Engine;

/// <summary>What can go wrong.</summary>
internal static class Faults
{
    public static void Do(History history, Machine machine, Event what)
    {
        switch (what.Kind)
        {
            case EventKind.Pull when !machine.IsServer && machine.Cable.IsUp:
                history.Tell(machine, "cable pulled");
                machine.Cable.Pull(Notice(what.A), Notice(what.B));
                break;
            case EventKind.Plug when !machine.Cable.IsUp:
                history.Tell(machine, "cable plugged");
                machine.Cable.Plug();
                break;
            case EventKind.Break when machine.Cable.Connections.Count > 0:
                history.Tell(machine, "connection broken");
                machine.Cable.Break(Notice(what.A), Notice(what.B));
                break;
            case EventKind.Kill when machine.Daemon is not null:
                history.Tell(machine, "lento killed");
                machine.KillDaemon();
                break;
            case EventKind.StartDaemon when machine is { IsOn: true, Daemon: null }:
                history.Tell(machine, "lento started");
                machine.StartDaemon();
                break;
            case EventKind.CutPower when machine.IsOn:
                var (disk, index) = (what.A % (machine.Disk.Unsynced + 1), what.B % (machine.Index.Unsynced + 1));
                history.Tell(machine, $"power cut: {disk} of {machine.Disk.Unsynced} operations and {index} of {machine.Index.Unsynced} commits have reached the disk");
                machine.CutPower(disk, index, Notice(what.C));
                history.Ledger.Forgets(machine);
                break;
            case EventKind.PowerOn when !machine.IsOn:
                history.Tell(machine, "power is back, lento started");
                machine.PowerOn();
                machine.StartDaemon();
                break;
            case EventKind.LoseIndex when machine.Daemon is null:
                history.Tell(machine, "index lost");
                machine.Index.Lose();
                break;
        }
    }

    /// <summary>At once, soon, or after a keep-alive's patience.</summary>
    private static TimeSpan Notice(int number) => (number % 3) switch
    {
        0 => TimeSpan.Zero,
        1 => TimeSpan.FromMilliseconds(number % 500),
        _ => TimeSpan.FromSeconds(30),
    };
}
