// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;

namespace InterMezzo.Platform;

internal static partial class Interop
{
    internal static partial class Sys
    {
        internal static int FSync(Fd fd) => Result(fsync(fd));

        [LibraryImport(Libc, SetLastError = true)]
        private static partial int fsync(Fd fd);
    }
}
