// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;

namespace InterMezzo.Platform;

internal static partial class Interop
{
    internal static partial class Sys
    {
        internal static unsafe long CopyFileRange(Fd source, long sourceOffset, Fd target, long targetOffset, long length) =>
            Result((long)copy_file_range(source, &sourceOffset, target, &targetOffset, (nuint)length, 0));

        [LibraryImport(Libc, SetLastError = true)]
        private static unsafe partial nint copy_file_range(Fd source, long* sourceOffset, Fd target, long* targetOffset, nuint length, uint flags);
    }
}
