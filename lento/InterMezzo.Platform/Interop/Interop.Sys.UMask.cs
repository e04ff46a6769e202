// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;

namespace InterMezzo.Platform;

internal static partial class Interop
{
    internal static partial class Sys
    {
        [LibraryImport(Libc)]
        internal static partial uint umask(uint mask);
    }
}
