// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using System.Runtime.CompilerServices;

namespace InterMezzo.Journal.Tests;

/// <summary>The files that a C program made from kernel/intermezzo.h, and what it says of them.</summary>
internal static class Golden
{
    private static readonly string[][] _lines = [.. File.ReadLines(PathOf("golden.txt")).Select(line => line.Split(' '))];

    public static byte[] Read(string file) => File.ReadAllBytes(PathOf(file));

    public static long Number(string kind, string name) =>
        long.Parse(_lines.Single(line => line[0] == kind && line[1] == name)[2], CultureInfo.InvariantCulture);

    public static IEnumerable<string> Names(string kind, string prefix) =>
        _lines.Where(line => line[0] == kind && line[1].StartsWith(prefix, StringComparison.Ordinal)).Select(line => line[1]);

    /// <summary>Lines "record FILE OFFSET op OP len LEN recno N crc HEX state STATE".</summary>
    public static IEnumerable<GoldenRecord> Records(string file) =>
        from line in _lines
        where line[0] == "record" && line[1] == file && line[3] == "op"
        select new GoldenRecord(U64(line[2]), (Op)U64(line[4]), (int)U64(line[6]), U64(line[8]), uint.Parse(line[10], NumberStyles.HexNumber, CultureInfo.InvariantCulture), line[12]);

    private static ulong U64(string text) => ulong.Parse(text, CultureInfo.InvariantCulture);

    private static string PathOf(string file, [CallerFilePath] string here = "") =>
        Path.Combine(Path.GetDirectoryName(here)!, "../../golden", file);
}

internal sealed record GoldenRecord(ulong Offset, Op Op, int Length, ulong Recno, uint Crc, string State);
