// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;

namespace InterMezzo.Platform;

internal static partial class Interop
{
    internal static partial class Sys
    {
        internal static int PWrite(Fd fd, ReadOnlySpan<byte> buffer, long offset) => (int)Result((long)pwrite(fd, buffer, (nuint)buffer.Length, offset));

        [LibraryImport(Libc, SetLastError = true)]
        private static partial nint pwrite(Fd fd, ReadOnlySpan<byte> buffer, nuint count, long offset);
    }
}
