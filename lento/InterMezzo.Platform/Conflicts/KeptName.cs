// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using System.Text;

namespace InterMezzo.Platform;

/// <summary>Names in the conflict store: the own one, or with a number behind if that is in use.</summary>
internal static class KeptName
{
    internal static byte[] Of(ReadOnlySpan<byte> name, int number)
    {
        if (number == 0)
        {
            return name.ToArray();
        }

        var suffix = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"~{number}"));
        return [.. name[..Math.Min(name.Length, Names.MaxLength - suffix.Length)], .. suffix];
    }

    /// <summary>Whether a name is one of those that <see cref="Of"/> makes of another.</summary>
    internal static bool IsOf(ReadOnlySpan<byte> kept, ReadOnlySpan<byte> name)
    {
        if (kept.SequenceEqual(name))
        {
            return true;
        }

        var tilde = kept.LastIndexOf((byte)'~');
        return tilde >= 0 && int.TryParse(kept[(tilde + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 &&
            kept.SequenceEqual(Of(name, number));
    }
}
