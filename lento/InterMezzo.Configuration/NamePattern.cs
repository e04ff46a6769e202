// SPDX-License-Identifier: GPL-2.0-or-later
using System.Text;

namespace InterMezzo.Configuration;

/// <summary>
/// Which names are meant. Names are bytes: * stands for any number of them, ? for one, but for no slash; ** for slashes as
/// well. Without a slash in it, the last name of a path counts, with one the path below the mount.
/// </summary>
public sealed class NamePattern(string text)
{
    private readonly byte[] _pattern = Encoding.UTF8.GetBytes(text);

    /// <param name="path">Below the mount.</param>
    public bool Matches(ReadOnlySpan<byte> path) =>
        Matches(_pattern.AsSpan().Contains((byte)'/') ? path : path[(path.LastIndexOf((byte)'/') + 1)..], _pattern);

    public override string ToString() => text;

    /// <summary>How far the text may be used up after each part of the pattern.</summary>
    private static bool Matches(ReadOnlySpan<byte> text, ReadOnlySpan<byte> pattern)
    {
        var reached = new bool[text.Length + 1];
        reached[0] = true;
        while (!pattern.IsEmpty)
        {
            var star = pattern[0] == (byte)'*';
            var both = pattern.StartsWith("**"u8);
            if (star)
            {
                for (var i = 0; i < text.Length; i++)
                {
                    reached[i + 1] |= reached[i] && (both || text[i] != (byte)'/');
                }
            }
            else
            {
                for (var i = text.Length; i > 0; i--)
                {
                    reached[i] = reached[i - 1] && (pattern[0] == text[i - 1] || (pattern[0] == (byte)'?' && text[i - 1] != (byte)'/'));
                }

                reached[0] = false;
            }

            pattern = pattern[(both ? 2 : 1)..];
        }

        return reached[^1];
    }
}
