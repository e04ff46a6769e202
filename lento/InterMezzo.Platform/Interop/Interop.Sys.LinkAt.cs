// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;

namespace InterMezzo.Platform;

internal static partial class Interop
{
    internal static partial class Sys
    {
        /// <summary>Gives an open object another name.</summary>
        internal static int LinkAt(Fd fd, Fd directory, ReadOnlySpan<byte> name) => Result(linkat(fd, "\0"u8, directory, name, At.EmptyPath));

        [LibraryImport(Libc, SetLastError = true)]
        private static partial int linkat(Fd oldDirectory, ReadOnlySpan<byte> oldPath, Fd newDirectory, ReadOnlySpan<byte> newPath, int flags);
    }
}
