// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;

namespace InterMezzo.Platform;

internal static partial class Interop
{
    internal static partial class Sys
    {
        internal static int SyncFs(Fd fd) => Result(syncfs(fd));

        [LibraryImport(Libc, SetLastError = true)]
        private static partial int syncfs(Fd fd);
    }
}
