// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Replication.Ports;
using InterMezzo.Simulation.Engine;

namespace InterMezzo.Simulation.Kernel;

/// <summary>The gate (kernel/gate.c), without its patience: a program waits until lento answers.</summary>
internal sealed partial class Mount
{
    private GateState _otherwise;

    /// <summary>Whether programs may change the tree.</summary>
    public GateState Gate { get; private set; }

    /// <summary>Grows when a program has to ask.</summary>
    public uint Wanted { get; private set; }

    /// <summary>The gate was turned.</summary>
    public event Action? Turned;

    /// <summary>What programs have written and not closed is closed off, unless it is opened.</summary>
    public void TurnGate(GateState state, GateState otherwise)
    {
        (Gate, _otherwise) = (_mutation == Mutation.TheGateStaysOpen ? GateState.Open : state, otherwise);
        if (state != GateState.Open)
        {
            foreach (var inode in Disk.Inodes.Values.Where(inode => inode is { Dirty: not 0, MarkIsApplied: false } && !IsControl(inode)).OrderBy(inode => inode.Dirty).ToArray())
            {
                Close(new Actor(default, false, 1), inode, RecordFlags.Open);
            }
        }

        Turned?.Invoke();
    }

    /// <summary>Whoever turned it is gone.</summary>
    public void DesertGate() => TurnGate(_otherwise, _otherwise);

    /// <summary>A program wants to change something, and waits.</summary>
    public void Ask()
    {
        Wanted++;
        Changed?.Invoke();
    }

    /// <summary>A program may change its content at any moment.</summary>
    public bool MayBeWritten(Inode inode) => inode.Writers > 0 && (Gate == GateState.Open || inode is { Dirty: not 0, MarkIsApplied: false });
}
