// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;

namespace InterMezzo.Platform;

internal static partial class Interop
{
    internal static partial class Sys
    {
        internal static int FTruncate(Fd fd, long length) => Result(ftruncate(fd, length));

        [LibraryImport(Libc, SetLastError = true)]
        private static partial int ftruncate(Fd fd, long length);
    }
}
