// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;

namespace InterMezzo.Platform;

internal static partial class Interop
{
    internal static partial class Sys
    {
        internal static int MkDirAt(Fd directory, ReadOnlySpan<byte> name, uint mode) => Result(mkdirat(directory, name, mode));

        [LibraryImport(Libc, SetLastError = true)]
        private static partial int mkdirat(Fd directory, ReadOnlySpan<byte> name, uint mode);
    }
}
