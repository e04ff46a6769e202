// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;

namespace InterMezzo.Platform;

internal static partial class Interop
{
    internal static partial class Sys
    {
        internal const int AtFdCwd = -100;

        internal static int OpenAt(Fd directory, ReadOnlySpan<byte> path, int flags, uint mode = 0) =>
            Result(openat(directory, path, flags | OpenFlags.CloseOnExec, mode));

        internal static int OpenAt(ReadOnlySpan<byte> path, int flags, uint mode = 0) =>
            Result(openat(AtFdCwd, path, flags | OpenFlags.CloseOnExec, mode));

        [LibraryImport(Libc, SetLastError = true)]
        private static partial int openat(Fd directory, ReadOnlySpan<byte> path, int flags, uint mode);

        [LibraryImport(Libc, SetLastError = true)]
        private static partial int openat(int directory, ReadOnlySpan<byte> path, int flags, uint mode);
    }
}
