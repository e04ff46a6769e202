// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;

namespace InterMezzo.Platform;

internal static partial class Interop
{
    internal static partial class Sys
    {
        internal const uint RenameNoReplace = 1;
        internal const uint RenameExchange = 2;

        internal static int RenameAt2(Fd oldDirectory, ReadOnlySpan<byte> oldName, Fd newDirectory, ReadOnlySpan<byte> newName, uint flags) =>
            Result(renameat2(oldDirectory, oldName, newDirectory, newName, flags));

        [LibraryImport(Libc, SetLastError = true)]
        private static partial int renameat2(Fd oldDirectory, ReadOnlySpan<byte> oldName, Fd newDirectory, ReadOnlySpan<byte> newName, uint flags);
    }
}
