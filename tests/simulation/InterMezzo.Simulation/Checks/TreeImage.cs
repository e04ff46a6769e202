// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using InterMezzo.Journal;
using InterMezzo.Simulation.Engine;
using InterMezzo.Simulation.Kernel;

namespace InterMezzo.Simulation.Checks;

/// <summary>A tree as text, a line for each name.</summary>
internal static class TreeImage
{
    public static SortedDictionary<string, string> Of(Machine machine)
    {
        var lines = new SortedDictionary<string, string>(StringComparer.Ordinal);
        Add(lines, machine, machine.Mount.Root, "", isWhole: false);
        return lines;
    }

    /// <summary>With the daemon's own directories.</summary>
    public static IEnumerable<string> OfDisk(Machine machine)
    {
        var lines = new SortedDictionary<string, string>(StringComparer.Ordinal);
        Add(lines, machine, machine.Mount.Root, "", isWhole: true);
        return lines.Select(line => $"{machine.Name} {line.Key}: {line.Value}");
    }

    private static void Add(SortedDictionary<string, string> lines, Machine machine, Inode directory, string path, bool isWhole)
    {
        foreach (var (name, inode) in directory.Entries)
        {
            if (name == ".intermezzo" && !isWhole)
            {
                continue;
            }

            lines[path + name] = Describe(machine, inode);
            if (inode.IsDirectory)
            {
                Add(lines, machine, inode, $"{path}{name}/", isWhole);
            }
        }
    }

    private static string Describe(Machine machine, Inode inode)
    {
        var state = inode.State;
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{machine.Mount.FidOf(inode).Canonical(machine.Replica)} {Convert.ToString(state.Mode, 8)} {state.Uid}:{state.Gid}");
        if (!inode.IsDirectory)
        {
            // A directory's may differ: README, Not there yet.
            text.Append(CultureInfo.InvariantCulture, $" {state.ModifyTime.Seconds}.{state.ModifyTime.Nanoseconds} names {inode.Names.Count(name => !machine.Mount.IsBelowControl(name.Directory))}");
        }

        foreach (var (name, value) in state.Xattrs.Where(xattr => !xattr.Key.StartsWith("trusted.", StringComparison.Ordinal)))
        {
            text.Append(CultureInfo.InvariantCulture, $" {name}={Encoding.Latin1.GetString(value)}");
        }

        text.Append(state.Target is { } target ? $" -> {Encoding.Latin1.GetString(target)}" : inode.IsRegular ? $" {Show(state.Data)}" : "");
        return text.ToString();
    }

    private static string Show(byte[] data) => data.Length <= 100
        ? $"\"{Encoding.Latin1.GetString(data)}\""
        : $"{string.Concat(Ledger.MarksIn(data))} {data.Length} {Convert.ToHexString(SHA256.HashData(data))[..8]}";
}
