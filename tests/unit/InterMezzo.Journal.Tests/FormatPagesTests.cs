// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace InterMezzo.Journal.Tests;

/// <summary>The pages below kernel/doc say what kernel/intermezzo.h says, of everything that is in it.</summary>
public partial class FormatPagesTests
{
    private static readonly string[] s_pages = [.. Directory.GetFiles(Below("kernel/doc"), "*.md").Order().SelectMany(File.ReadAllLines)];

    [Test]
    public void Constants_are_those_of_the_header() => Assert.That(
        from line in s_pages
        let row = Constant().Match(line)
        where row.Success
        select $"{row.Groups[1].Value} {Number(row.Groups[2].Value)}",
        Is.EquivalentTo(Golden.Names("const", "").Select(name => $"{name} {Golden.Number("const", name)}")));

    [Test]
    public void Sizes_of_structs_are_those_of_the_header() => Assert.That(
        from line in s_pages
        let title = Struct().Match(line)
        where title.Success
        select $"{title.Groups[1].Value} {Number(title.Groups[2].Value)}",
        Is.EquivalentTo(Golden.Names("size", "").Select(name => $"{name} {Golden.Number("size", name)}")));

    [Test]
    public void Members_of_structs_are_those_of_the_header() =>
        Assert.That(Members().Select(member => $"{member.Name} {member.Offset}"),
            Is.EquivalentTo(Golden.Names("offset", "").Select(name => $"{name} {Golden.Number("offset", name)}")));

    [Test]
    public void Members_follow_each_other_to_the_end_of_their_struct()
    {
        foreach (var members in Members().GroupBy(member => member.Name.Split('.')[0]))
        {
            var end = 0L;
            foreach (var member in members)
            {
                Assert.That(member.Offset, Is.EqualTo(end), member.Name);
                end += member.Size;
            }

            Assert.That(end, Is.EqualTo(Golden.Number("size", members.Key)), members.Key);
        }
    }

    [Test]
    public void All_numbers_of_the_header_are_known_to_the_compiler() => Assert.That(
        from line in File.ReadLines(Below("kernel/intermezzo.h"))
        let definition = Definition().Match(line)
        where definition.Success
        select definition.Groups[1].Value,
        Is.EquivalentTo(Golden.Names("const", "").Concat(Golden.Names("string", ""))));

    private static IEnumerable<(string Name, long Offset, long Size)> Members()
    {
        var current = "";
        foreach (var line in s_pages)
        {
            if (Struct().Match(line) is { Success: true } title)
            {
                current = title.Groups[1].Value;
            }
            else if (Member().Match(line) is { Success: true } row)
            {
                yield return ($"{current}.{row.Groups[3].Value}", Number(row.Groups[1].Value), Number(row.Groups[2].Value));
            }
        }
    }

    private static long Number(string text) => text.StartsWith("0x", StringComparison.Ordinal)
        ? long.Parse(text.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture)
        : long.Parse(text, CultureInfo.InvariantCulture);

    private static string Below(string path, [CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "../../..", path);

    [GeneratedRegex(@"^\| ((?:KML|PRESTO)_[A-Z0-9_]+) \| (0x[0-9a-f]+|[0-9]+) \|")]
    private static partial Regex Constant();

    [GeneratedRegex(@"^### struct (\w+), ([0-9]+) bytes$")]
    private static partial Regex Struct();

    [GeneratedRegex(@"^\| ([0-9]+) \| ([0-9]+) \| (\w+) \|")]
    private static partial Regex Member();

    [GeneratedRegex(@"^(?:#define\s+|\t)((?:KML|PRESTO)_\w+)\s+(?:=|[^\s=(]|\()")]
    private static partial Regex Definition();
}
