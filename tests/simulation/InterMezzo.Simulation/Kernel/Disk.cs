// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;

namespace InterMezzo.Simulation.Kernel;

/// <summary>
/// A disk with an ordered journal: a power cut leaves what it held between two of the operations since the last sync. What was
/// changed is remembered until then, so that it can be taken back.
/// </summary>
internal sealed class Disk
{
    public const ulong FirstIno = 12;

    private readonly List<Change> _changes = [];
    private readonly List<int> _ends = [];
    private uint _generation = 1000;

    public Disk(Kml log)
    {
        Log = log;
        Root = new Inode(2, 0, new InodeState { Mode = 0x41ed, Links = 2 });
        Inodes[Root.Ino] = Root;
    }

    public Kml Log { get; }

    public Inode Root { get; }

    /// <summary>Those that have a name.</summary>
    public SortedList<ulong, Inode> Inodes { get; } = [];

    /// <summary>It has no name yet.</summary>
    public Inode Make(InodeState state)
    {
        var ino = FirstIno;
        while (Inodes.ContainsKey(ino))
        {
            ino++;
        }

        // A number is used again soon, its generation never is.
        var inode = new Inode(ino, ++_generation, state with { Links = 0 });
        Set(inode, state);
        return inode;
    }

    public void Set(Inode inode, InodeState state)
    {
        _changes.Add(new Change(inode, inode.State, null, null, default));
        Apply(inode, state);
    }

    /// <param name="directory">Where.</param>
    /// <param name="name">In it.</param>
    /// <param name="entry">Null: the name goes.</param>
    public void Put(Inode directory, string name, Inode? entry)
    {
        _changes.Add(new Change(directory, null, name, directory.Entries.GetValueOrDefault(name), default));
        Apply(directory, name, entry);
    }

    public ulong Append(RecordMaker maker)
    {
        _changes.Add(new Change(null, null, null, null, Log.Place));
        return Log.Append(maker);
    }

    /// <summary>What was changed up to now stands or falls together.</summary>
    public void End()
    {
        if (_ends.Count == 0 || _ends[^1] != _changes.Count)
        {
            _ends.Add(_changes.Count);
        }
    }

    public void Sync()
    {
        _changes.Clear();
        _ends.Clear();
        Log.Synced = Log.Head;
    }

    /// <summary>Power goes; so many of the operations since the last sync reached the disk.</summary>
    public int Unsynced => _ends.Count;

    public void Cut(int reached)
    {
        var kept = reached == 0 ? 0 : _ends[reached - 1];
        while (_changes.Count > kept)
        {
            TakeBack(_changes[^1]);
            _changes.RemoveAt(_changes.Count - 1);
        }

        _ends.RemoveRange(reached, _ends.Count - reached);
        foreach (var inode in Inodes.Values)
        {
            (inode.Changed, inode.Writers, inode.IsAwaited, inode.Created, inode.AttributesWereSet) = (0, 0, false, 0, false);
        }
    }

    private void TakeBack(in Change change)
    {
        if (change.Inode is null)
        {
            Log.Place = change.Place;
        }
        else if (change.State is { } state)
        {
            Apply(change.Inode, state);
        }
        else
        {
            Apply(change.Inode, change.Name!, change.Entry);
        }
    }

    private void Apply(Inode inode, InodeState state)
    {
        inode.State = state;
        if (state.Links == 0)
        {
            if (Inodes.TryGetValue(inode.Ino, out var there) && there == inode)
            {
                Inodes.Remove(inode.Ino);
            }
        }
        else
        {
            Inodes[inode.Ino] = inode;
        }
    }

    private static void Apply(Inode directory, string name, Inode? entry)
    {
        if (directory.Entries.Remove(name, out var old))
        {
            old.Names.Remove((directory, name));
        }

        if (entry is not null)
        {
            directory.Entries.Add(name, entry);
            entry.Names.Add((directory, name));
        }
    }

    private readonly record struct Change(Inode? Inode, InodeState? State, string? Name, Inode? Entry, KmlPlace Place);
}
