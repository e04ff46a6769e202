// SPDX-License-Identifier: GPL-2.0-or-later
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

    public uint CountWriters(Fd fd)
    {
        var (ino, gen) = LocalFid.HandleOf(fd).Identify(0);
        return device.CountWriters(ino, gen);
    }

    public ulong Sync()
    {
        Set(default);
        return device.Sync();
    }
}
