// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Configuration;

/// <summary>
/// What puts two versions of a file together, for `intermezzo-ctl conflicts resolve --merge`: [[merge]]. The daemon only
/// checks it, and runs nothing.
/// </summary>
public sealed record MergeConfiguration
{
    /// <summary>Seconds. A program that asks somebody something would wait for ever: nobody is there.</summary>
    public const int DefaultTimeout = 60;

    public const string Ours = "%ours", Base = "%base", Theirs = "%theirs";

    /// <summary>Null: in all filesets.</summary>
    public string? Fileset { get; init; }

    public required NamePattern Pattern { get; init; }

    /// <summary>A program, by its whole path, and its arguments; in these the names of the three versions' files take the place of %ours, %base, %theirs.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>Seconds that it may take.</summary>
    public int Timeout { get; init; } = DefaultTimeout;

    public bool IsFor(string fileset, ReadOnlySpan<byte> path) => (Fileset is null || Fileset == fileset) && Pattern.Matches(path);
}
