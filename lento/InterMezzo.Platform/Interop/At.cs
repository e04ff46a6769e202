// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Platform;

/// <summary>AT_*</summary>
internal static class At
{
    internal const int SymlinkNoFollow = 0x100;
    internal const int RemoveDirectory = 0x200;
    internal const int EmptyPath = 0x1000;
}
