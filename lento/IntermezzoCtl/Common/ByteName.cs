// SPDX-License-Identifier: GPL-2.0-or-later
using System.Text;
using System.Text.Unicode;

namespace InterMezzo.Ctl;

/// <summary>
/// Names of files are bytes. As text they are shown as they are where they are UTF-8; otherwise every byte that isn't
/// printable ASCII, and the percent sign, is written as %XX, and it is said that this was done.
/// </summary>
internal static class ByteName
{
    /// <summary>For JSON: whether the text is percent-escaped.</summary>
    public static (string Text, bool Escaped) ForJson(ReadOnlySpan<byte> name) =>
        Utf8.IsValid(name) ? (Encoding.UTF8.GetString(name), false) : (Escape(name), true);

    /// <summary>Several alike: if one must be escaped, all are.</summary>
    public static (IReadOnlyList<string> Texts, bool Escaped) ForJson(IEnumerable<ReadOnlyMemory<byte>> names)
    {
        var list = names.ToList();
        var escaped = list.Any(name => !Utf8.IsValid(name.Span));
        return (list.ConvertAll(name => escaped ? Escape(name.Span) : Encoding.UTF8.GetString(name.Span)), escaped);
    }

    /// <summary>For a terminal: control characters must not reach it.</summary>
    public static string ForPeople(ReadOnlySpan<byte> name)
    {
        var (text, escaped) = ForJson(name);
        return escaped || !text.Any(char.IsControl) ? text : Escape(name);
    }

    private static string Escape(ReadOnlySpan<byte> name)
    {
        var text = new StringBuilder(name.Length + 16);
        foreach (var value in name)
        {
            if (value is > 0x20 and < 0x7f and not (byte)'%')
            {
                text.Append((char)value);
            }
            else
            {
                text.Append('%').Append(value.ToString("X2", System.Globalization.CultureInfo.InvariantCulture));
            }
        }

        return text.ToString();
    }
}
