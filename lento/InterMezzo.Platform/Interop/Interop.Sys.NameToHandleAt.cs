// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;

namespace InterMezzo.Platform;

internal static partial class Interop
{
    internal static partial class Sys
    {
        /// <summary>The handle of an open object.</summary>
        internal static unsafe int NameToHandleAt(Fd fd, out ObjectHandle handle)
        {
            int mountId;
            handle = default;
            handle.Length = ObjectHandle.MaxBytes;
            fixed (ObjectHandle* pointer = &handle)
            {
                return Result(name_to_handle_at(fd, "\0"u8, pointer, &mountId, At.EmptyPath));
            }
        }

        [LibraryImport(Libc, SetLastError = true)]
        private static unsafe partial int name_to_handle_at(Fd directory, ReadOnlySpan<byte> path, ObjectHandle* handle, int* mountId, int flags);
    }
}
