// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Platform;

/// <summary>Which start of the machine this is: what the page cache holds is gone with it.</summary>
internal static class BootId
{
    private static readonly byte[] s_bytes = Guid.Parse(File.ReadAllText("/proc/sys/kernel/random/boot_id")).ToByteArray();

    internal static ReadOnlySpan<byte> Bytes => s_bytes;
}
