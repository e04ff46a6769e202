// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;

namespace InterMezzo.Platform;

internal static partial class Interop
{
    internal static partial class Sys
    {
        /// <summary>Follows symlinks: for /proc/self/fd paths, and for names known to be none.</summary>
        internal static int ChMod(ReadOnlySpan<byte> path, uint mode) => Result(fchmodat(AtFdCwd, path, mode, 0));

        internal static int ChModAt(Fd directory, ReadOnlySpan<byte> name, uint mode) => Result(fchmodat(directory, name, mode, 0));

        [LibraryImport(Libc, SetLastError = true)]
        private static partial int fchmodat(int directory, ReadOnlySpan<byte> path, uint mode, int flags);

        [LibraryImport(Libc, SetLastError = true)]
        private static partial int fchmodat(Fd directory, ReadOnlySpan<byte> path, uint mode, int flags);
    }
}
