// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;

namespace InterMezzo.Platform;

/// <summary>An open file descriptor.</summary>
internal sealed class Fd : SafeHandle
{
    public Fd()
        : base(-1, ownsHandle: true)
    {
    }

    internal Fd(int fd)
        : base(-1, ownsHandle: true) => SetHandle(fd);

    public override bool IsInvalid => handle < 0;

    /// <summary>Only for building /proc/self/fd paths and poll sets while the object is known to live.</summary>
    internal int Number => (int)handle;

    protected override bool ReleaseHandle() => Interop.Sys.Close(handle) == 0;
}
