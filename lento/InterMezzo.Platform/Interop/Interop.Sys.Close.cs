// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;

namespace InterMezzo.Platform;

internal static partial class Interop
{
    internal static partial class Sys
    {
        [LibraryImport(Libc)]
        private static partial int close(nint fd);

        internal static int Close(nint fd) => close(fd);
    }
}
