// SPDX-License-Identifier: GPL-2.0-or-later
using System.Text;
using InterMezzo.Journal;
using InterMezzo.Replication.Ports;
using InterMezzo.Simulation.Checks;
using InterMezzo.Simulation.Engine;
using InterMezzo.Simulation.Kernel;

namespace InterMezzo.Simulation.Users;

/// <summary>The programs of a machine's users: what they do, they do to the mount.</summary>
internal sealed class Programs(Machine machine)
{
    private static readonly Actor s_user = new(default, false, 1000);

    private readonly List<Inode> _open = [];
    private readonly Queue<Event> _waiting = [];

    private Ledger Ledger => machine.History.Ledger;

    private Mount Mount => machine.Mount;

    public int OpenCount => _open.Count;

    /// <summary>Somebody wants to change something, and needs the permit.</summary>
    public bool AreWaiting => _waiting.Count > 0;

    public void CloseAll()
    {
        while (_open.Count > 0)
        {
            Close(_open[0]);
        }
    }

    public void Do(Event what)
    {
        if (what.Kind is EventKind.CloseOpen or EventKind.CloseOff || Mount.Gate == GateState.Open)
        {
            Act(what);
        }
        else if (Mount.Gate == GateState.Ask)
        {
            _waiting.Enqueue(what);
            machine.History.Tell(machine, $"somebody waits for the permit: {what.Kind}");
            Mount.Ask();
        }
        else
        {
            machine.History.Tell(machine, $"read-only: {what.Kind}");
        }
    }

    /// <summary>The gate was turned: whoever waits goes on, one step each, or asks again.</summary>
    public void Resume()
    {
        if (_waiting.Count > 0)
        {
            machine.History.After(TimeSpan.Zero, GoOn);
        }
    }

    private void GoOn()
    {
        if (machine.Programs != this || _waiting.Count == 0)
        {
            return;
        }

        if (Mount.Gate == GateState.Ask)
        {
            Mount.Ask();
            return;
        }

        Do(_waiting.Dequeue());
        Resume();
    }

    private void Act(Event what)
    {
        if (machine.Daemon?.Process.IsWriting == true)
        {
            // What is written to a file of several names while lento writes it in place, mixes with it: it is known.
            return;
        }

        switch (what.Kind)
        {
            case EventKind.Create or EventKind.CreateOpen:
                Create(Directory(what.A), Name(what.B), what.Kind == EventKind.CreateOpen, what.C);
                break;
            case EventKind.Open when File(what.A) is { } file:
                Open(file, what.B % 3 != 0);
                break;
            case EventKind.WriteOpen when _open.Count > 0:
                Write(_open[what.A % _open.Count], what.B % 2 == 0, what.C);
                break;
            case EventKind.CloseOpen when _open.Count > 0:
                Close(_open[what.A % _open.Count]);
                break;
            case EventKind.CloseOff when _open.Count > 0:
                Mount.CloseOff(_open[what.A % _open.Count]);
                break;
            case EventKind.Overwrite or EventKind.Append when File(what.A) is { } file:
                Open(file, false);
                Write(file, what.Kind == EventKind.Append, what.C);
                Close(file);
                break;
            case EventKind.SaveOver when File(what.A) is { } file:
                SaveOver(file, what.C);
                break;
            case EventKind.Truncate when File(what.A) is { } file:
                Ledger.Overwrites(machine, file);
                Tell("truncate", file, Mount.SetAttributes(s_user, file, new KmlAttr { Valid = AttrValid.Size, Size = (ulong)(what.B % 9) }));
                break;
            case EventKind.Rename when Entry(what.A) is { } place:
                Rename(place, (Directory(what.B), Name(what.C)), Mount.NoReplace);
                break;
            case EventKind.RenameOver when Entry(what.A) is { } place && Entry(what.B) is { } target:
                Rename(place, target, 0);
                break;
            case EventKind.Exchange when Entry(what.A) is { } place && Entry(what.B) is { } target:
                Rename(place, target, Mount.Exchange);
                break;
            case EventKind.Link when File(what.A) is { } file:
                Link(file, Directory(what.B), Name(what.C));
                break;
            case EventKind.Unlink when Entry(what.A, inode => !inode.IsDirectory) is { } place:
                Unlink(place);
                break;
            case EventKind.Mkdir:
                Make(Directory(what.A), Name(what.B), 0x41ed, null);
                break;
            case EventKind.Rmdir when Entry(what.A, inode => inode.IsDirectory && inode.Entries.Count == 0) is { } place:
                Rmdir(place);
                break;
            case EventKind.RemoveTree when Entry(what.A, inode => inode.IsDirectory) is { } place:
                RemoveTree(place);
                break;
            case EventKind.Symlink:
                Make(Directory(what.A), Name(what.B), 0xa1ff, Encoding.ASCII.GetBytes($"to-{what.C % 50}"));
                break;
            case EventKind.Chmod when Any(what.A) is { } it && it.State.Target is null:
                Set("chmod", it, new KmlAttr { Valid = AttrValid.Mode, Mode = it.State.Type | (uint)(0x180 | (what.B % 0x80)) });
                break;
            case EventKind.Chown when Any(what.A) is { } it:
                Set("chown", it, new KmlAttr { Valid = AttrValid.Uid | AttrValid.Gid, Uid = (uint)(what.B % 5), Gid = (uint)(what.C % 5) });
                break;
            case EventKind.Touch when Any(what.A) is { } it:
                Set("touch", it, new KmlAttr { Valid = AttrValid.ModifyTime | AttrValid.AccessTime, ModifyTime = new KmlTime(1000 + (what.B % 5), 0), AccessTime = machine.Now() });
                break;
            case EventKind.SetXattr when Any(what.A) is { } it && it.State.Target is null:
                Ledger.Touches(machine, it);
                Tell($"setxattr user.{what.B % 3}", it, Mount.SetXattr(s_user, it, $"user.{what.B % 3}", Encoding.ASCII.GetBytes($"v{what.C % 9}")));
                break;
            case EventKind.RemoveXattr when Any(what.A) is { } it && it.State.Target is null:
                Ledger.Touches(machine, it);
                Tell($"removexattr user.{what.B % 3}", it, Mount.SetXattr(s_user, it, $"user.{what.B % 3}", null));
                break;
        }
    }

    /// <summary>Something to begin with.</summary>
    public void Fill(Random random)
    {
        for (var i = 0; i < 8; i++)
        {
            Do(new Event(random.Next(3) == 0 ? EventKind.Mkdir : EventKind.Create, 0, 0, false, random.Next(99), random.Next(99), random.Next(99), 0));
        }
    }

    private void Create(Inode directory, string name, bool staysOpen, int size)
    {
        var error = Mount.Make(s_user, directory, name, 0x81a4, null, out var made);
        Tell(staysOpen ? "create and open" : "create", directory, error, name);
        if (made is null)
        {
            return;
        }

        Ledger.Creates(machine, made, directory);
        Mount.OpenForWriting(made);
        _open.Add(made);
        Write(made, false, size);
        if (!staysOpen)
        {
            Close(made);
        }
    }

    private void Open(Inode file, bool writes)
    {
        Mount.OpenForWriting(file);
        _open.Add(file);
        if (writes)
        {
            Tell("open for writing", file, 0);
        }
    }

    private void Write(Inode file, bool appends, int size)
    {
        var (token, bytes) = Ledger.NewContent(machine, size);
        if (!appends)
        {
            Ledger.Overwrites(machine, file);
            _ = Mount.Truncate(s_user, file, 0);
        }

        Ledger.Writes(machine, file, token);
        var error = Mount.Write(s_user, file, file.State.Data.Length, bytes);
        Tell(appends ? $"append {token}" : $"write {token}", file, error < 0 ? error : 0);
    }

    private void Close(Inode file)
    {
        _open.Remove(file);
        Mount.CloseWriter(s_user, file);
        Ledger.Closes(machine, file);
        Tell("close", file, 0);
    }

    /// <summary>As editors do it.</summary>
    private void SaveOver(Inode file, int size)
    {
        if (file.Names.Count == 0)
        {
            return;
        }

        var (directory, name) = Mount.PlaceOf(file);
        Create(directory, name + "~", false, size);
        if (directory.Entries.ContainsKey(name + "~"))
        {
            Rename((directory, name + "~"), (directory, name), 0);
        }
    }

    private void Rename((Inode Directory, string Name) from, (Inode Directory, string Name) to, uint flags)
    {
        var moved = from.Directory.Entries[from.Name];
        var replaced = to.Directory.Entries.GetValueOrDefault(to.Name);
        var path = PathOf(from.Directory, from.Name);
        var target = PathOf(to.Directory, to.Name);
        var error = Mount.Rename(s_user, from.Directory, from.Name, to.Directory, to.Name, flags);
        if (error == 0)
        {
            Ledger.Touches(machine, moved);
            Ledger.Touches(machine, to.Directory);
            if (replaced is not null && (flags & Mount.Exchange) == 0 && replaced != moved)
            {
                Ledger.Removes(machine, replaced);
            }
        }

        machine.History.Tell(machine, $"{((flags & Mount.Exchange) != 0 ? "exchange" : "rename")} {path} {target}{Result(error)}");
    }

    private void Link(Inode file, Inode directory, string name)
    {
        Ledger.Touches(machine, file);
        Ledger.Touches(machine, directory);
        Tell($"link {PathOf(directory, name)} to", file, Mount.Link(s_user, file, directory, name));
    }

    private void Make(Inode directory, string name, uint mode, byte[]? target)
    {
        var error = Mount.Make(s_user, directory, name, mode, target, out var made);
        if (made is not null)
        {
            Ledger.Creates(machine, made, directory);
        }

        Tell(target is null ? "mkdir" : "symlink", directory, error, name);
    }

    private void Unlink((Inode Directory, string Name) place)
    {
        var inode = place.Directory.Entries[place.Name];
        var path = PathOf(place.Directory, place.Name);
        Ledger.Touches(machine, inode);
        var error = Mount.Remove(s_user, place.Directory, place.Name, false);
        if (error == 0)
        {
            Ledger.Removes(machine, inode);
        }

        machine.History.Tell(machine, $"unlink {path}{Result(error)}");
    }

    private void Rmdir((Inode Directory, string Name) place)
    {
        var inode = place.Directory.Entries[place.Name];
        var path = PathOf(place.Directory, place.Name);
        var error = Mount.Remove(s_user, place.Directory, place.Name, true);
        if (error == 0)
        {
            Ledger.Removes(machine, inode);
        }

        machine.History.Tell(machine, $"rmdir {path}{Result(error)}");
    }

    private void RemoveTree((Inode Directory, string Name) place)
    {
        var directory = place.Directory.Entries[place.Name];
        foreach (var (name, inode) in directory.Entries.ToArray())
        {
            if (inode.IsDirectory)
            {
                RemoveTree((directory, name));
            }
            else
            {
                Unlink((directory, name));
            }
        }

        Rmdir(place);
    }

    private void Set(string what, Inode inode, KmlAttr attr)
    {
        Ledger.Touches(machine, inode);
        Tell(what, inode, Mount.SetAttributes(s_user, inode, attr));
    }

    private static string Name(int number) => ((char)('a' + (number % 7))).ToString();

    private Inode Directory(int number)
    {
        var all = All().Where(inode => inode.IsDirectory).ToList();
        return all[number % all.Count];
    }

    private Inode? File(int number) => Pick(All().Where(inode => inode.IsRegular).ToList(), number);

    private Inode? Any(int number) => Pick(All().Skip(1).ToList(), number);

    private (Inode Directory, string Name)? Entry(int number, Predicate<Inode>? fits = null)
    {
        var all = Places().Where(place => fits is null || fits(place.Directory.Entries[place.Name])).ToList();
        return all.Count == 0 ? null : all[number % all.Count];
    }

    private static Inode? Pick(List<Inode> all, int number) => all.Count == 0 ? null : all[number % all.Count];

    private IEnumerable<Inode> All() => Places().Select(place => place.Directory.Entries[place.Name]).Distinct().Prepend(Mount.Root);

    private IEnumerable<(Inode Directory, string Name)> Places()
    {
        var directories = new List<Inode> { Mount.Root };
        for (var i = 0; i < directories.Count; i++)
        {
            foreach (var (name, inode) in directories[i].Entries)
            {
                if (name == ".intermezzo")
                {
                    continue;
                }

                if (inode.IsDirectory)
                {
                    directories.Add(inode);
                }

                yield return (directories[i], name);
            }
        }
    }

    private void Tell(string what, Inode inode, int error, string? name = null) =>
        machine.History.Tell(machine, $"{what} {(name is null ? PathOf(inode) : PathOf(inode, name))}{Result(error)}");

    private static string Result(int error) => error == 0 ? "" : $" = {error}";

    private string PathOf(Inode directory, string name) => directory == Mount.Root ? name : $"{PathOf(directory)}/{name}";

    private string PathOf(Inode inode) =>
        inode == Mount.Root ? "." : inode.Names.Count == 0 ? $"(nameless {inode.Ino}.{inode.Gen})" : PathOf(Mount.PlaceOf(inode).Directory, Mount.PlaceOf(inode).Name);
}
