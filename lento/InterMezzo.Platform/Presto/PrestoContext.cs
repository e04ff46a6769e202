// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform;

/// <summary>The kernel journals each operation of this thread under the update that was set last.</summary>
internal sealed class PrestoContext(PrestoDevice device) : IOperationContext
{
    private Origin _current;

    public bool SetsParentTimes => true;

    public void Set(in Origin origin)
    {
        if (origin != _current)
        {
            device.SetContext(origin);
            _current = origin;
        }
    }

    public bool Tell(Fd directory, ReadOnlySpan<byte> name, bool isLink)
    {
        Set(default);
        return device.Tell(directory, name, isLink ? Op.Link : Op.Enter, afterStop: false);
    }

    public Writers WritersOf(Fd fd) => device.WritersOf(fd);

    public ulong Head() => device.ReadInfo().Head;

    public ulong Sync()
    {
        Set(default);
        return device.Sync();
    }
}
