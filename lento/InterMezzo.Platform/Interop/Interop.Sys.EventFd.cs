// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;

namespace InterMezzo.Platform;

internal static partial class Interop
{
    internal static partial class Sys
    {
        /// <summary>EFD_CLOEXEC | EFD_NONBLOCK</summary>
        internal const int EventFdFlags = 0x80800;

        internal static int EventFd() => Result(eventfd(0, EventFdFlags));

        [LibraryImport(Libc, SetLastError = true)]
        private static partial int eventfd(uint initial, int flags);
    }
}
