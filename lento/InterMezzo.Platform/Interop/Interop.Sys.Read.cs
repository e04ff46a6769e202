// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;

namespace InterMezzo.Platform;

internal static partial class Interop
{
    internal static partial class Sys
    {
        internal static int Read(Fd fd, Span<byte> buffer) => (int)Result((long)read(fd, buffer, (nuint)buffer.Length));

        [LibraryImport(Libc, SetLastError = true)]
        private static partial nint read(Fd fd, Span<byte> buffer, nuint count);
    }
}
