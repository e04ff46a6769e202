// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Platform;

/// <summary>O_* of x86-64 and arm64 alike where they agree; the others are chosen at start.</summary>
internal static class OpenFlags
{
    internal const int ReadOnly = 0;
    internal const int WriteOnly = 1;
    internal const int ReadWrite = 2;
    internal const int Create = 0x40;
    internal const int Exclusive = 0x80;
    internal const int Truncate = 0x200;
    internal const int NonBlock = 0x800;
    internal const int NoAccessTime = 0x40000;
    internal const int CloseOnExec = 0x80000;
    internal const int Path = 0x200000;

    // arm has swapped these with O_DIRECT and O_LARGEFILE.
    private static readonly bool s_arm = System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture
        is System.Runtime.InteropServices.Architecture.Arm64;

    internal static readonly int Directory = s_arm ? 0x4000 : 0x10000;
    internal static readonly int NoFollow = s_arm ? 0x8000 : 0x20000;
}
