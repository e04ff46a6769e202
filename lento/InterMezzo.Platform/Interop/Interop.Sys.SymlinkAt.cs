// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;

namespace InterMezzo.Platform;

internal static partial class Interop
{
    internal static partial class Sys
    {
        internal static int SymlinkAt(ReadOnlySpan<byte> target, Fd directory, ReadOnlySpan<byte> name) => Result(symlinkat(target, directory, name));

        [LibraryImport(Libc, SetLastError = true)]
        private static partial int symlinkat(ReadOnlySpan<byte> target, Fd directory, ReadOnlySpan<byte> name);
    }
}
