// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;

namespace InterMezzo.Platform;

internal static partial class Interop
{
    internal static partial class Sys
    {
        internal static unsafe int OpenByHandleAt(Fd mount, in ObjectHandle handle, int flags)
        {
            fixed (ObjectHandle* pointer = &handle)
            {
                return Result(open_by_handle_at(mount, pointer, flags | OpenFlags.CloseOnExec));
            }
        }

        [LibraryImport(Libc, SetLastError = true)]
        private static unsafe partial int open_by_handle_at(Fd mount, ObjectHandle* handle, int flags);
    }
}
