// SPDX-License-Identifier: GPL-2.0-or-later
using System.Text;
using InterMezzo.Journal;
using InterMezzo.Simulation.Engine;
using InterMezzo.Simulation.Kernel;

namespace InterMezzo.Simulation.Users;

/// <summary>What a test has a machine's user do, by path. Whatever fails ends the test.</summary>
internal sealed class Shell(Machine machine)
{
    private static readonly Actor s_user = new(default, false, 1001);

    /// <summary>No two operations have the same time.</summary>
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(20);

    private Mount Mount => machine.Mount;

    /// <summary>Makes a file, or gives it new content, and closes it.</summary>
    public void Write(string path, string text)
    {
        var file = Find(path) ?? Make(path, 0x81a4, null);
        Mount.OpenForWriting(file);
        Demand(Mount.Truncate(s_user, file, 0), $"truncate {path}");
        var bytes = Encoding.Latin1.GetBytes(text);
        Demand(Mount.Write(s_user, file, 0, bytes) - bytes.Length, $"write {path} \"{text}\"");
        Mount.CloseWriter(s_user, file);
    }

    /// <summary>A program opens a file for writing, and keeps it open until it is given back to <see cref="WriteAndClose"/>.</summary>
    public Inode Open(string path)
    {
        var file = Get(path);
        Mount.OpenForWriting(file);
        Demand(0, $"open for writing {path}");
        return file;
    }

    public void WriteAndClose(Inode file, string text)
    {
        Demand(Mount.Truncate(s_user, file, 0), "truncate what is open");
        Demand(Mount.Write(s_user, file, 0, Encoding.Latin1.GetBytes(text)) - text.Length, $"write \"{text}\" to what is open");
        Mount.CloseWriter(s_user, file);
    }

    public void Mkdir(string path) => Make(path, 0x41ed, null);

    public void Symlink(string path, string target) => Make(path, 0xa1ff, Encoding.Latin1.GetBytes(target));

    /// <summary>A name of what is no directory, or a directory that is empty.</summary>
    public void Remove(string path)
    {
        var (directory, name) = Place(path);
        Demand(Mount.Remove(s_user, directory, name, directory.Entries[name].IsDirectory), $"remove {path}");
    }

    /// <summary>A directory that isn't empty stays.</summary>
    public void FailToRemove(string path)
    {
        var (directory, name) = Place(path);
        Demand(Mount.Remove(s_user, directory, name, isDirectory: true) - Errors.NotEmpty, $"fail to remove {path}");
    }

    public void Rename(string from, string to)
    {
        var (directory, name) = Place(from);
        var (toDirectory, toName) = Place(to);
        Demand(Mount.Rename(s_user, directory, name, toDirectory, toName, 0), $"rename {from} {to}");
    }

    public void Link(string path, string to)
    {
        var (directory, name) = Place(to);
        Demand(Mount.Link(s_user, Get(path), directory, name), $"link {path} {to}");
    }

    public void Chmod(string path, uint mode)
    {
        var it = Get(path);
        Demand(Mount.SetAttributes(s_user, it, new KmlAttr { Valid = AttrValid.Mode, Mode = it.State.Type | mode }), $"chmod {Convert.ToString(mode, 8)} {path}");
    }

    public void SetXattr(string path, string name, string value) =>
        Demand(Mount.SetXattr(s_user, Get(path), name, Encoding.Latin1.GetBytes(value)), $"setxattr {path} {name} {value}");

    public string? Xattr(string path, string name) =>
        Find(path)?.State.Xattrs.GetValueOrDefault(name) is { } value ? Encoding.Latin1.GetString(value) : null;

    public uint? Mode(string path) => Find(path)?.State.Mode & 0xfff;

    /// <summary>Null: there is no file.</summary>
    public string? Read(string path) => Find(path) is { IsRegular: true } file ? Encoding.Latin1.GetString(file.State.Data) : null;

    /// <summary>The paths of all that is in the tree.</summary>
    public IReadOnlyList<string> All() => [.. Checks.TreeImage.Of(machine).Keys];

    private Inode Get(string path) => Find(path) ?? throw new InvalidOperationException($"{machine.Name}: there is no {path}");

    private Inode? Find(string path)
    {
        var inode = Mount.Root;
        foreach (var name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!inode.Entries.TryGetValue(name, out inode!))
            {
                return null;
            }
        }

        return inode;
    }

    private (Inode Directory, string Name) Place(string path)
    {
        var slash = path.LastIndexOf('/');
        return (slash < 0 ? Mount.Root : Get(path[..slash]), path[(slash + 1)..]);
    }

    private Inode Make(string path, uint mode, byte[]? target)
    {
        var (directory, name) = Place(path);
        Demand(Mount.Make(s_user, directory, name, mode, target, out var made), $"make {path}");
        return made!;
    }

    private void Demand(int error, string what)
    {
        if (error != 0)
        {
            throw new InvalidOperationException($"{machine.Name}: {what}: {error}");
        }

        machine.History.Tell(machine, what);
        machine.History.Time.Advance(s_pause);
    }
}
