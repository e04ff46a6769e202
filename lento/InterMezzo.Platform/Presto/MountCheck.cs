// SPDX-License-Identifier: GPL-2.0-or-later
using System.Text;

namespace InterMezzo.Platform;

/// <summary>Whether a mount, a device and a fileset belong together.</summary>
internal static class MountCheck
{
    internal static void Demand(string mount, string device, string fileset, string mounted)
    {
        if (mounted != fileset)
        {
            throw new IOException($"{device}: fileset \"{mounted}\" is mounted on it, not \"{fileset}\"");
        }

        var options = FindOptions(Path.GetFullPath(mount)) ?? throw new IOException($"{mount}: no intermezzo file system is mounted there");
        var owned = options.FirstOrDefault(option => option.StartsWith("prestodev=", StringComparison.Ordinal));
        if (owned is not null && owned["prestodev=".Length..] != device)
        {
            throw new IOException($"{mount}: it is mounted with {owned}, not on {device}");
        }
    }

    /// <summary>The options of the intermezzo mount at a directory, as /proc/self/mountinfo tells. Null: none.</summary>
    internal static string[]? FindOptions(string mount)
    {
        string[]? found = null;
        foreach (var line in File.ReadLines("/proc/self/mountinfo", Encoding.Latin1))
        {
            // id parent major:minor root mount options [tags] - type source super-options
            var words = line.Split(' ');
            var dash = Array.IndexOf(words, "-");
            if (dash > 0 && Unescape(words[4]) == mount)
            {
                found = words[dash + 1] == "intermezzo" ? words[dash + 3].Split(',') : null;
            }
        }

        return found;
    }

    /// <summary>\040 and the like, then UTF-8.</summary>
    private static string Unescape(string text)
    {
        var bytes = new List<byte>(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\' && i + 3 < text.Length)
            {
                bytes.Add(Convert.ToByte(text.Substring(i + 1, 3), 8));
                i += 3;
            }
            else
            {
                bytes.Add((byte)text[i]);
            }
        }

        return Encoding.UTF8.GetString([.. bytes]);
    }
}
