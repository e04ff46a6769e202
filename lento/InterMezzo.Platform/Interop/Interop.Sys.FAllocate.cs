// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;

namespace InterMezzo.Platform;

internal static partial class Interop
{
    internal static partial class Sys
    {
        /// <summary>FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE</summary>
        internal const int PunchHole = 0x03;

        internal static int FAllocate(Fd fd, int mode, long offset, long length) => Result(fallocate(fd, mode, offset, length));

        [LibraryImport(Libc, SetLastError = true)]
        private static partial int fallocate(Fd fd, int mode, long offset, long length);
    }
}
