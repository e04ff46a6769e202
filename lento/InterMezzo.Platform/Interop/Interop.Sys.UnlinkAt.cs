// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;

namespace InterMezzo.Platform;

internal static partial class Interop
{
    internal static partial class Sys
    {
        internal static int UnlinkAt(Fd directory, ReadOnlySpan<byte> name, int flags) => Result(unlinkat(directory, name, flags));

        [LibraryImport(Libc, SetLastError = true)]
        private static partial int unlinkat(Fd directory, ReadOnlySpan<byte> name, int flags);
    }
}
