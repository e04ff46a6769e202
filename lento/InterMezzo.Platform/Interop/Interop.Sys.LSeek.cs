// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;

namespace InterMezzo.Platform;

internal static partial class Interop
{
    internal static partial class Sys
    {
        internal const int SeekSet = 0;
        internal const int SeekData = 3;
        internal const int SeekHole = 4;

        internal static long LSeek(Fd fd, long offset, int whence) => Result(lseek(fd, offset, whence));

        [LibraryImport(Libc, SetLastError = true)]
        private static partial long lseek(Fd fd, long offset, int whence);
    }
}
