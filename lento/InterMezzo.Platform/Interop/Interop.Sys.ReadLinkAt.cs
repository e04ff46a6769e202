// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;

namespace InterMezzo.Platform;

internal static partial class Interop
{
    internal static partial class Sys
    {
        /// <summary>Where a symlink points, that is open with O_PATH (name empty), or at a name.</summary>
        internal static int ReadLinkAt(Fd fd, ReadOnlySpan<byte> name, Span<byte> buffer) =>
            (int)Result((long)readlinkat(fd, name, buffer, (nuint)buffer.Length));

        internal static int ReadLink(ReadOnlySpan<byte> path, Span<byte> buffer) =>
            (int)Result((long)readlinkat(AtFdCwd, path, buffer, (nuint)buffer.Length));

        [LibraryImport(Libc, SetLastError = true)]
        private static partial nint readlinkat(Fd directory, ReadOnlySpan<byte> path, Span<byte> buffer, nuint size);

        [LibraryImport(Libc, SetLastError = true)]
        private static partial nint readlinkat(int directory, ReadOnlySpan<byte> path, Span<byte> buffer, nuint size);
    }
}
