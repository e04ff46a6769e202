// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;

namespace InterMezzo.Platform;

internal static partial class Interop
{
    internal static partial class Sys
    {
        internal static int FChMod(Fd fd, uint mode) => Result(fchmod(fd, mode));

        [LibraryImport(Libc, SetLastError = true)]
        private static partial int fchmod(Fd fd, uint mode);
    }
}
