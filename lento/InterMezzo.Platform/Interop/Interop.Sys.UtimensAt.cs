// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;

namespace InterMezzo.Platform;

internal static partial class Interop
{
    internal static partial class Sys
    {
        /// <summary>UTIME_OMIT</summary>
        internal const long UtimeOmit = 0x3ffffffe;

        internal static unsafe int UtimensAt(Fd fd, in TimeSpecs times)
        {
            fixed (TimeSpecs* pointer = &times)
            {
                return Result(utimensat(fd, "\0"u8, pointer, At.EmptyPath | At.SymlinkNoFollow));
            }
        }

        internal static unsafe int UtimensAt(Fd directory, ReadOnlySpan<byte> name, in TimeSpecs times)
        {
            fixed (TimeSpecs* pointer = &times)
            {
                return Result(utimensat(directory, name, pointer, At.SymlinkNoFollow));
            }
        }

        [LibraryImport(Libc, SetLastError = true)]
        private static unsafe partial int utimensat(Fd directory, ReadOnlySpan<byte> path, TimeSpecs* times, int flags);

        /// <summary>struct timespec[2]</summary>
        internal struct TimeSpecs
        {
            public long AccessSeconds;
            public long AccessNanoseconds;
            public long ModifySeconds;
            public long ModifyNanoseconds;
        }
    }
}
