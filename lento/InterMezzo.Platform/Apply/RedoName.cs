// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using System.Text;
using InterMezzo.Journal;

namespace InterMezzo.Platform;

/// <summary>What a file in staging/redo is for, as its name tells.</summary>
internal readonly record struct RedoName(Fid Object, Dot Dot, ulong Source, ulong Peer)
{
    internal byte[] ToBytes() => Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture,
        $"{Object.Replica:x}-{Object.Ino:x}-{Object.Gen:x}-{Dot.Replica:x}-{Dot.Counter:x}-{Source:x}-{Peer:x}\0"));

    internal static bool TryParse(ReadOnlySpan<byte> name, out RedoName redo)
    {
        redo = default;
        var parts = Encoding.ASCII.GetString(name).Split('-');
        var numbers = new ulong[7];
        for (var i = 0; i < numbers.Length; i++)
        {
            if (parts.Length != numbers.Length ||
                !ulong.TryParse(parts[i], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out numbers[i]))
            {
                return false;
            }
        }

        redo = new RedoName(new Fid(numbers[0], numbers[1], (uint)numbers[2]), new Dot(numbers[3], numbers[4]), numbers[5], numbers[6]);
        return true;
    }
}
