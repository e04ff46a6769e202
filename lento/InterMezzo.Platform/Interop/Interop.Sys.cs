// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;

namespace InterMezzo.Platform;

/// <summary>
/// System calls. Each returns what the kernel would: a value, or minus the errno. Names and paths are bytes that end
/// in NUL.
/// </summary>
internal static partial class Interop
{
    internal static partial class Sys
    {
        private const string Libc = "libc";

        private static int Result(int value) => value >= 0 ? value : -Marshal.GetLastPInvokeError();

        private static long Result(long value) => value >= 0 ? value : -Marshal.GetLastPInvokeError();
    }
}
