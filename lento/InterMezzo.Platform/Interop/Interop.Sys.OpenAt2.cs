// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;

namespace InterMezzo.Platform;

internal static partial class Interop
{
    internal static partial class Sys
    {
        internal const ulong ResolveNoXdev = 0x01;
        internal const ulong ResolveNoMagicLinks = 0x02;
        internal const ulong ResolveNoSymlinks = 0x04;
        internal const ulong ResolveBeneath = 0x08;

        // The same on every architecture.
        internal const long OpenAt2Number = 437;

        /// <summary>Opens a path of several components that can't lead out of the directory.</summary>
        internal static unsafe int OpenAt2Beneath(Fd directory, ReadOnlySpan<byte> path, int flags)
        {
            var how = new OpenHow
            {
                Flags = (ulong)(flags | OpenFlags.CloseOnExec),
                Resolve = ResolveBeneath | ResolveNoSymlinks | ResolveNoMagicLinks | ResolveNoXdev,
            };
            return (int)Result(syscall(OpenAt2Number, directory, path, &how, (nuint)sizeof(OpenHow)));
        }

        [LibraryImport(Libc, SetLastError = true)]
        private static unsafe partial long syscall(long number, Fd directory, ReadOnlySpan<byte> path, OpenHow* how, nuint size);

        /// <summary>struct open_how</summary>
        internal struct OpenHow
        {
            public ulong Flags;
            public ulong Mode;
            public ulong Resolve;
        }
    }
}
