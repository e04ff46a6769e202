// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Platform;

/// <summary>The type bits of a mode.</summary>
internal static class FileType
{
    internal const uint Mask = 0xf000;
    internal const uint Fifo = 0x1000;
    internal const uint CharDevice = 0x2000;
    internal const uint Directory = 0x4000;
    internal const uint BlockDevice = 0x6000;
    internal const uint Regular = 0x8000;
    internal const uint Symlink = 0xa000;
    internal const uint Socket = 0xc000;

    internal const uint Permissions = 0xfff;
}
