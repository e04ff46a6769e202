// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;

namespace InterMezzo.Simulation.Kernel;

/// <summary>An operation of somebody, before its record: what an apply context asks of it (kernel/apply.c).</summary>
internal struct Operation(Actor actor, KmlTime now)
{
    private readonly List<Inode> _touched = [];
    private bool _keepsFirst = actor.Context.Parents?.KeepFirst ?? false;
    private bool _keepsSecond = actor.Context.Parents?.KeepSecond ?? false;

    public Actor Actor { get; } = actor;

    public KmlTime Now { get; } = now;

    /// <summary>0, or that an object has changed since it was looked at.</summary>
    public int Error { get; private set; }

    public void Touches(Inode inode)
    {
        _touched.Add(inode);
        if (HasChanged(inode))
        {
            Error = Errors.Again;
        }
    }

    /// <summary>What it would replace is gone.</summary>
    public void Lacks(Inode directory)
    {
        if (HasChanged(directory))
        {
            Error = Errors.Again;
        }
    }

    /// <summary>What enters was out of everybody's reach.</summary>
    public readonly void Enters(Inode inode) => _touched.Add(inode);

    public void TouchesParent(Inode directory, bool isSecond = false)
    {
        _touched.Add(directory);
        if (HasChanged(directory) && Actor.Context.Parents is { Yield: true })
        {
            (_keepsFirst, _keepsSecond) = (_keepsFirst || !isSecond, _keepsSecond || isSecond);
        }
    }

    /// <summary>The mtime that it leaves on a directory whose entries change.</summary>
    public readonly KmlTime TimeOf(Inode directory, bool isSecond = false) =>
        !Actor.Applies ? Now
        : Actor.Context.Parents is { } parents && !(isSecond ? _keepsSecond : _keepsFirst) ? parents.Time
        : directory.State.ModifyTime;

    public readonly void Note(ulong offset)
    {
        foreach (var inode in Actor.Applies ? [] : _touched)
        {
            inode.Changed = offset;
        }
    }

    private readonly bool HasChanged(Inode inode) => Actor.Applies && Actor.Context.Seen != 0 && inode.Changed >= Actor.Context.Seen;
}
