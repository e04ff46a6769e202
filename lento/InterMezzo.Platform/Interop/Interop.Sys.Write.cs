// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;

namespace InterMezzo.Platform;

internal static partial class Interop
{
    internal static partial class Sys
    {
        internal static int Write(Fd fd, ReadOnlySpan<byte> buffer) => (int)Result((long)write(fd, buffer, (nuint)buffer.Length));

        [LibraryImport(Libc, SetLastError = true)]
        private static partial nint write(Fd fd, ReadOnlySpan<byte> buffer, nuint count);
    }
}
