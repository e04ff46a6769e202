// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;

namespace InterMezzo.Platform;

internal static partial class Interop
{
    internal static partial class Sys
    {
        internal static int PRead(Fd fd, Span<byte> buffer, long offset) => (int)Result((long)pread(fd, buffer, (nuint)buffer.Length, offset));

        [LibraryImport(Libc, SetLastError = true)]
        private static partial nint pread(Fd fd, Span<byte> buffer, nuint count, long offset);
    }
}
