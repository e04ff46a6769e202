// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Replication.Ports;
using InterMezzo.Simulation.Engine;
using InterMezzo.Simulation.Kernel;

namespace InterMezzo.Simulation.Syscalls;

/// <summary>An open file of a process.</summary>
internal sealed class OpenFile(Inode? inode, bool writes)
{
    /// <summary>Null: the device.</summary>
    public Inode? Inode { get; } = inode;

    /// <summary>It counts as a writer.</summary>
    public bool Writes { get; } = writes;

    /// <summary>Of a directory that is read: its names when that began.</summary>
    public string[]? Listing { get; set; }

    public long Position { get; set; }
}

/// <summary>Goes through a process that was killed: whatever it was doing ends here.</summary>
internal sealed class KilledException() : Exception("killed");

/// <summary>A daemon, as its kernel sees it. Killed, it does nothing any more: each of its system calls ends it.</summary>
internal sealed class Process(Machine machine)
{
    // What the daemon takes for its own: records of this process.
    private static readonly uint s_lentoPid = (uint)Environment.ProcessId;

    // Of this thread: whose code runs.
    [ThreadStatic]
    private static Process? s_current;

    // As in the kernel a number isn't used again while something may still mean what it meant.
    private readonly SortedList<int, OpenFile> _files = [];
    private int _lastFile = 2;

    public static Process? Current
    {
        get => s_current;
        set => s_current = value;
    }

    public static Process Running => s_current ?? throw new InvalidOperationException("no daemon runs");

    public Machine Machine { get; } = machine;

    public Mount Mount => Machine.Mount;

    public bool IsAlive { get; private set; } = true;

    /// <summary>Its apply thread runs.</summary>
    public bool IsApplying { get; set; }

    /// <summary>The apply context of that thread.</summary>
    public Origin Context { get; set; }

    /// <summary>A file of the tree is open for writing: content is being written in place.</summary>
    public bool IsWriting => _files.Values.Any(file => file is { Writes: true, Inode: { } inode } && !Mount.IsControl(inode));

    public int OpenFiles => _files.Count;

    public Actor Actor => new(IsApplying ? Context : default, true, s_lentoPid);

    /// <summary>The running process enters its kernel.</summary>
    public static Process Enter()
    {
        var process = Running;
        if (process.IsAlive)
        {
            process.Machine.OnSystemCall(process);
        }

        return process.IsAlive ? process : throw new KilledException();
    }

    public int Open(OpenFile file)
    {
        if (file is { Writes: true, Inode: { } inode })
        {
            Mount.OpenForWriting(inode);
        }

        _files.Add(++_lastFile, file);
        return _lastFile;
    }

    public OpenFile File(int number) => _files[number];

    public void Close(int number)
    {
        if (_files.Remove(number, out var file) && file is { Writes: true, Inode: { } inode })
        {
            Mount.CloseWriter(Actor, inode);
        }
    }

    /// <summary>SIGKILL: its files are closed, in no context.</summary>
    public void Kill()
    {
        IsAlive = false;
        Context = default;
        foreach (var number in _files.Keys.ToArray())
        {
            Close(number);
        }

        Mount.DesertGate();
    }

    /// <summary>Power is gone: nobody closes anything.</summary>
    public void Vanish()
    {
        IsAlive = false;
        _files.Clear();
    }
}
