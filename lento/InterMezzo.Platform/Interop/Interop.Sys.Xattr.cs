// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;

namespace InterMezzo.Platform;

internal static partial class Interop
{
    internal static partial class Sys
    {
        internal static int FGetXattr(Fd fd, ReadOnlySpan<byte> name, Span<byte> value) => (int)Result((long)fgetxattr(fd, name, value, (nuint)value.Length));

        internal static int GetXattr(ReadOnlySpan<byte> path, ReadOnlySpan<byte> name, Span<byte> value) =>
            (int)Result((long)getxattr(path, name, value, (nuint)value.Length));

        internal static int FSetXattr(Fd fd, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) =>
            Result(fsetxattr(fd, name, value, (nuint)value.Length, 0));

        internal static int SetXattr(ReadOnlySpan<byte> path, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) =>
            Result(setxattr(path, name, value, (nuint)value.Length, 0));

        internal static int LSetXattr(ReadOnlySpan<byte> path, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) =>
            Result(lsetxattr(path, name, value, (nuint)value.Length, 0));

        internal static int ListXattr(ReadOnlySpan<byte> path, Span<byte> names) => (int)Result((long)listxattr(path, names, (nuint)names.Length));

        internal static int RemoveXattr(ReadOnlySpan<byte> path, ReadOnlySpan<byte> name) => Result(removexattr(path, name));

        internal static int FRemoveXattr(Fd fd, ReadOnlySpan<byte> name) => Result(fremovexattr(fd, name));

        [LibraryImport(Libc, SetLastError = true)]
        private static partial nint fgetxattr(Fd fd, ReadOnlySpan<byte> name, Span<byte> value, nuint size);

        [LibraryImport(Libc, SetLastError = true)]
        private static partial nint getxattr(ReadOnlySpan<byte> path, ReadOnlySpan<byte> name, Span<byte> value, nuint size);

        [LibraryImport(Libc, SetLastError = true)]
        private static partial int fsetxattr(Fd fd, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, nuint size, int flags);

        [LibraryImport(Libc, SetLastError = true)]
        private static partial int setxattr(ReadOnlySpan<byte> path, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, nuint size, int flags);

        [LibraryImport(Libc, SetLastError = true)]
        private static partial int lsetxattr(ReadOnlySpan<byte> path, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, nuint size, int flags);

        [LibraryImport(Libc, SetLastError = true)]
        private static partial nint listxattr(ReadOnlySpan<byte> path, Span<byte> names, nuint size);

        [LibraryImport(Libc, SetLastError = true)]
        private static partial int removexattr(ReadOnlySpan<byte> path, ReadOnlySpan<byte> name);

        [LibraryImport(Libc, SetLastError = true)]
        private static partial int fremovexattr(Fd fd, ReadOnlySpan<byte> name);
    }
}
