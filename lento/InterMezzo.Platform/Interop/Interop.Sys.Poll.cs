// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;

namespace InterMezzo.Platform;

internal static partial class Interop
{
    internal static partial class Sys
    {
        internal const short PollIn = 0x01;
        internal const short PollPriority = 0x02;
        internal const short PollError = 0x08;
        internal const short PollHangUp = 0x10;

        internal static unsafe int Poll(Span<PollFd> fds, int timeout)
        {
            fixed (PollFd* pointer = fds)
            {
                return Result(poll(pointer, (nuint)fds.Length, timeout));
            }
        }

        [LibraryImport(Libc, SetLastError = true)]
        private static unsafe partial int poll(PollFd* fds, nuint count, int timeout);

        /// <summary>struct pollfd</summary>
        internal struct PollFd(int fd)
        {
            public int Fd = fd;
            public short Events = PollIn;
            public short Returned = 0;
        }
    }
}
