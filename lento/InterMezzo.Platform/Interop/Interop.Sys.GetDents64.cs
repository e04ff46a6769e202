// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;

namespace InterMezzo.Platform;

internal static partial class Interop
{
    internal static partial class Sys
    {
        /// <summary>The next entries of a directory, as struct linux_dirent64; 0: no more.</summary>
        internal static int GetDents64(Fd fd, Span<byte> buffer) => (int)Result((long)getdents64(fd, buffer, (nuint)buffer.Length));

        [LibraryImport(Libc, SetLastError = true)]
        private static partial nint getdents64(Fd fd, Span<byte> buffer, nuint size);
    }
}
