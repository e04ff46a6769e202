// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;

namespace InterMezzo.Platform;

internal static partial class Interop
{
    internal static partial class Sys
    {
        internal static unsafe int Ioctl<T>(Fd fd, ulong request, ref T argument)
            where T : unmanaged
        {
            fixed (T* pointer = &argument)
            {
                return Result(ioctl(fd, request, pointer));
            }
        }

        [LibraryImport(Libc, SetLastError = true)]
        private static unsafe partial int ioctl(Fd fd, ulong request, void* argument);
    }
}
