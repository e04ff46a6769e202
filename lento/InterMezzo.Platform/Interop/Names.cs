// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text;

namespace InterMezzo.Platform;

/// <summary>Names as bytes.</summary>
internal static class Names
{
    internal const int MaxLength = 255;

    /// <summary>One component, and none of the two that mean something else.</summary>
    internal static bool IsValid(ReadOnlySpan<byte> name) =>
        name.Length is > 0 and <= MaxLength && !name.ContainsAny((byte)0, (byte)'/') && !name.SequenceEqual("."u8) && !name.SequenceEqual(".."u8);

    /// <summary>For people: what isn't printable ASCII is escaped.</summary>
    internal static string Show(ReadOnlySpan<byte> name)
    {
        var text = new StringBuilder(name.Length);
        foreach (var b in name)
        {
            if (b == 0)
            {
                break;
            }

            _ = b is > 0x20 and < 0x7f and not (byte)'\\' ? text.Append((char)b) : text.Append($"\\x{b:x2}");
        }

        return text.ToString();
    }
}

/// <summary>A name with its NUL, on the stack.</summary>
internal ref struct CName
{
    private Buffer _bytes;
    private readonly int _length;

    internal CName(scoped ReadOnlySpan<byte> name)
    {
        if (name.Length > Names.MaxLength)
        {
            throw new ArgumentException("a name has at most 255 bytes", nameof(name));
        }

        name.CopyTo(_bytes);
        _length = name.Length + 1;
    }

    [UnscopedRef]
    internal ReadOnlySpan<byte> Bytes => ((Span<byte>)_bytes)[.._length];

    /// <summary>The path by which calls that know no descriptors reach an open object, whatever its type.</summary>
    internal static CName OfDescriptor(Fd fd)
    {
        Span<byte> path = stackalloc byte[32];
        var prefix = "/proc/self/fd/"u8;
        prefix.CopyTo(path);
        fd.Number.TryFormat(path[prefix.Length..], out var digits);
        return new CName(path[..(prefix.Length + digits)]);
    }

    [InlineArray(Names.MaxLength + 1)]
    private struct Buffer
    {
        private byte _first;
    }
}
