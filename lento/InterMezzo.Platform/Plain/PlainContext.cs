// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform;

/// <summary>Nothing is journaled; durable is what syncfs(2) has written.</summary>
internal sealed class PlainContext(ReplicaRoot root) : IOperationContext
{
    public bool SetsParentTimes => false;

    public void Set(in Origin origin)
    {
    }

    public bool Tell(Fd directory, ReadOnlySpan<byte> name, bool isLink) => true;

    public Writers WritersOf(Fd fd) => Writers.None;

    public ulong Head() => 0;

    public ulong Sync()
    {
        SysException.Check(Interop.Sys.SyncFs(root.Fd), "syncfs", root.Path);
        return 0;
    }
}
