// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;

namespace InterMezzo.Platform;

internal static partial class Interop
{
    internal static partial class Sys
    {
        /// <summary>Owner and group of an open object, symlinks included; ~0 leaves one as it is.</summary>
        internal static int FChOwn(Fd fd, uint uid, uint gid) => Result(fchownat(fd, "\0"u8, uid, gid, At.EmptyPath | At.SymlinkNoFollow));

        internal static int ChOwnAt(Fd directory, ReadOnlySpan<byte> name, uint uid, uint gid) =>
            Result(fchownat(directory, name, uid, gid, At.SymlinkNoFollow));

        [LibraryImport(Libc, SetLastError = true)]
        private static partial int fchownat(Fd directory, ReadOnlySpan<byte> path, uint uid, uint gid, int flags);
    }
}
