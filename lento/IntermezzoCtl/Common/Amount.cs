// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;

namespace InterMezzo.Ctl;

/// <summary>Numbers as people read them.</summary>
internal static class Amount
{
    private static readonly string[] s_units = ["B", "KiB", "MiB", "GiB", "TiB"];

    public static string OfBytes(double bytes)
    {
        var unit = 0;
        while (bytes >= 1024 && unit < s_units.Length - 1)
        {
            bytes /= 1024;
            unit++;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{(unit == 0 ? bytes : Math.Round(bytes, 1))} {s_units[unit]}");
    }

    public static string Of(ulong number) => number.ToString("N0", CultureInfo.InvariantCulture);

    public static string Of(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    public static string Replica(ulong replica) => replica.ToString("x16", CultureInfo.InvariantCulture);

    /// <summary>UTC, to the millisecond.</summary>
    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
