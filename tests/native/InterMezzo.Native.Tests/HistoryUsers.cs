// SPDX-License-Identifier: GPL-2.0-or-later
using System.Text;

namespace InterMezzo.Native.Tests;

/// <summary>
/// The users of the simulator's histories (tests/simulation, Users/Programs.cs) at work in a directory whose log a script
/// writes: each event's numbers choose among what is there then. A script has no open files, and what it has no record for
/// isn't done: each call says whether it was.
/// </summary>
internal sealed class HistoryUsers(SyncScript script, ulong seed)
{
    private const int Names = 7;

    private int _written;

    /// <param name="kind">As in the plan.</param>
    /// <param name="a">Of what is there, the one.</param>
    /// <param name="b">The other, or a name.</param>
    /// <param name="c">A name, a size.</param>
    public bool Do(string kind, int a, int b, int c)
    {
        switch (kind)
        {
            case "Create" or "CreateOpen":
                return Name(a, b) is { } made && Done(() => script.Create(made, Content(c)));
            case "Overwrite":
                return Pick(a, IsFile) is { } old && Done(() => script.Write(old, Content(c)));
            case "Append" or "WriteOpen":
                return Pick(a, IsFile) is { } file && Done(() => script.Write(file, [.. File.ReadAllBytes(At(file)), .. Content(c)]));
            case "SaveOver":
                return Pick(a, IsFile) is { } saved && !Exists(saved + "~") && Done(() =>
                {
                    script.Create(saved + "~", Content(c));
                    script.Rename(saved + "~", saved);
                });
            case "Truncate":
                return Pick(a, IsFile) is { } cut && Done(() => script.Truncate(cut, b % 9));
            case "Rename":
                return Pick(a) is { } from && Name(b, c) is { } to && !IsInside(to, from) && Done(() => script.Rename(from, to));
            case "RenameOver":
                return Pick(a) is { } mover && Pick(b) is { } victim && MayReplace(mover, victim) && Done(() => script.Rename(mover, victim));
            case "Link":
                return Pick(a, IsFile) is { } linked && Name(b, c) is { } second && Done(() => script.Link(linked, second));
            case "Unlink":
                return Pick(a, path => !IsDirectory(path)) is { } gone && Done(() => script.Unlink(gone));
            case "Mkdir":
                return Name(a, b) is { } directory && Done(() => script.Mkdir(directory));
            case "Rmdir":
                return Pick(a, IsEmpty) is { } empty && Done(() => script.Rmdir(empty));
            case "RemoveTree":
                return Pick(a, IsDirectory) is { } tree && Done(() => RemoveTree(tree));
            case "Symlink":
                return Name(a, b) is { } link && Done(() => script.Symlink(link, $"to-{c % 50}"));
            case "Chmod":
                return Pick(a, path => IsFile(path) || IsDirectory(path)) is { } changed && Done(() => script.Chmod(changed, (uint)(0x180 | (b % 0x80))));
            case "Touch":
                return Pick(a, IsFile) is { } touched && Done(() => script.Touch(touched, DateTime.UnixEpoch.AddSeconds(1000 + (b % 5))));
            default:
                return false;
        }
    }

    private static bool Done(Action action)
    {
        action();
        return true;
    }

    private byte[] Content(int number)
    {
        var length = number % 97 == 0 ? 150_000 + (number % 1000) : number % 5 == 0 ? 4096 + (number % 8192) : number % 40;
        return Encoding.ASCII.GetBytes($"<{seed}.{++_written}>" + new string('.', length));
    }

    private void RemoveTree(string top)
    {
        foreach (var path in Entries(top).ToList())
        {
            if (IsDirectory(path))
            {
                RemoveTree(path);
            }
            else
            {
                script.Unlink(path);
            }
        }

        script.Rmdir(top);
    }

    /// <summary>A free name, or null.</summary>
    private string? Name(int directory, int number)
    {
        List<string> directories = ["", .. All().Where(IsDirectory)];
        var path = Path.Combine(directories[directory % directories.Count], ((char)('a' + (number % Names))).ToString());
        return Exists(path) ? null : path;
    }

    private string? Pick(int number, Predicate<string>? fits = null)
    {
        var found = All().Where(path => fits is null || fits(path)).ToList();
        return found.Count == 0 ? null : found[number % found.Count];
    }

    private IEnumerable<string> All(string top = "") => Entries(top).SelectMany(path => IsDirectory(path) ? All(path).Prepend(path) : [path]);

    private IEnumerable<string> Entries(string directory) => Directory.EnumerateFileSystemEntries(At(directory))
        .Select(path => Path.Combine(directory, Path.GetFileName(path)))
        .Where(path => path != ".intermezzo")
        .Order(StringComparer.Ordinal);

    /// <summary>As rename(2) would, and changing something.</summary>
    private bool MayReplace(string mover, string victim) =>
        mover != victim && !IsInside(victim, mover) && SyncTree.InodeOf(At(mover)) != SyncTree.InodeOf(At(victim)) &&
        (IsDirectory(mover) ? IsEmpty(victim) : !IsDirectory(victim));

    private static bool IsInside(string path, string directory) => path.StartsWith(directory + "/", StringComparison.Ordinal);

    private bool IsEmpty(string path) => IsDirectory(path) && !Entries(path).Any();

    private bool IsDirectory(string path) => new DirectoryInfo(At(path)) is { Exists: true, LinkTarget: null };

    private bool IsFile(string path) => new FileInfo(At(path)) is { Exists: true, LinkTarget: null };

    private bool Exists(string path) => new FileInfo(At(path)) is var file && (file.Exists || file.LinkTarget is not null || Directory.Exists(At(path)));

    private string At(string path) => Path.Combine(script.Directory, path);
}
