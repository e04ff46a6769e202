// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;

namespace InterMezzo.Platform;

internal static partial class Interop
{
    internal static partial class Sys
    {
        internal static int MkNodAt(Fd directory, ReadOnlySpan<byte> name, uint mode, uint major, uint minor) =>
            Result(mknodat(directory, name, mode, MakeDevice(major, minor)));

        /// <summary>gnu_dev_makedev</summary>
        internal static ulong MakeDevice(uint major, uint minor) =>
            ((major & 0xfff) << 8) | (minor & 0xff) | ((ulong)(minor & ~0xffu) << 12) | ((ulong)(major & ~0xfffu) << 32);

        [LibraryImport(Libc, SetLastError = true)]
        private static partial int mknodat(Fd directory, ReadOnlySpan<byte> name, uint mode, ulong device);
    }
}
