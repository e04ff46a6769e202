// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;

namespace InterMezzo.Platform;

internal static partial class Interop
{
    internal static partial class Sys
    {
        internal static int FDataSync(Fd fd) => Result(fdatasync(fd));

        [LibraryImport(Libc, SetLastError = true)]
        private static partial int fdatasync(Fd fd);
    }
}
