// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using System.Text;

namespace InterMezzo.Replication;

/// <summary>
/// The name that a kept version gets beside the one in the tree: "notes.txt" of t21 is "notes.conflict-t21-5c0ffee1.txt". What
/// programs know a file by, its ending, stays at the end.
/// </summary>
public static class BesideName
{
    private const int MaxLength = 255;

    /// <summary>Bytes; what is longer is no ending.</summary>
    private const int MaxEnding = 16;

    /// <param name="name">The name in the tree.</param>
    /// <param name="from">Whose version it is.</param>
    /// <param name="id">The conflict.</param>
    /// <param name="number">0, 1, ... until the name is free.</param>
    public static byte[] Of(ReadOnlySpan<byte> name, string from, string id, int number)
    {
        var dot = name.LastIndexOf((byte)'.');
        var ending = dot > 0 && name.Length - dot <= MaxEnding ? name[dot..] : default;
        var more = number == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"~{number}");
        var mark = Encoding.ASCII.GetBytes($".conflict-{from}-{id}{more}");
        var stem = name[..^ending.Length];
        return [.. stem[..Math.Min(stem.Length, MaxLength - mark.Length - ending.Length)], .. mark, .. ending];
    }
}
