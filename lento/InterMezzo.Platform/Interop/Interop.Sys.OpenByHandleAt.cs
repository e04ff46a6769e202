// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;

namespace InterMezzo.Platform;

internal static partial class Interop
{
    internal static partial class Sys
    {
        /// <summary>While an inode is being made: a moment.</summary>
        private const int HandleAttempts = 100;

        /// <remarks>
        /// ext4 says ENOMEM of a handle also while its inode number is being used anew. Whether the handle is stale
        /// can be told a moment later; nothing announces it.
        /// </remarks>
        internal static unsafe int OpenByHandleAt(Fd mount, in ObjectHandle handle, int flags)
        {
            fixed (ObjectHandle* pointer = &handle)
            {
                var result = Result(open_by_handle_at(mount, pointer, flags | OpenFlags.CloseOnExec));
                for (var attempt = 1; result == -Errno.ENOMEM && attempt < HandleAttempts; attempt++)
                {
                    Thread.Sleep(1);
                    result = Result(open_by_handle_at(mount, pointer, flags | OpenFlags.CloseOnExec));
                }

                return result;
            }
        }

        [LibraryImport(Libc, SetLastError = true)]
        private static unsafe partial int open_by_handle_at(Fd mount, ObjectHandle* handle, int flags);
    }
}
