// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;

namespace InterMezzo.Platform;

/// <summary>A file of a snapshot whose content is being written.</summary>
internal sealed class JoinFile : IDisposable
{
    // Writing takes it away.
    private readonly byte[]? _capability;
    private readonly Fd _fd;
    private readonly uint _mode;

    internal JoinFile(Fd path, in Interop.Sys.StatXData stat)
    {
        _mode = stat.Mode;
        _fd = Reopen.TryForWriting(path) ?? throw new IOException("a joined file is in use");
        Span<byte> value = stackalloc byte[64];
        var length = Interop.Sys.FGetXattr(_fd, CapabilityName, value);
        _capability = length > 0 ? value[..length].ToArray() : null;
    }

    private static ReadOnlySpan<byte> CapabilityName => "security.capability\0"u8;

    internal void Write(ulong offset, ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty)
        {
            var written = SysException.Check(Interop.Sys.PWrite(_fd, data, checked((long)offset)), "pwrite", "a joined file");
            data = data[written..];
            offset += (ulong)written;
        }
    }

    internal void Finish(ulong size, in KmlAttr attr)
    {
        SysException.Check(Interop.Sys.FTruncate(_fd, checked((long)size)), "ftruncate", "a joined file");
        if (attr.Has(AttrValid.Uid) && attr.Has(AttrValid.Gid))
        {
            SysException.Check(OpenObject.SetOwner(_fd, attr.Uid, attr.Gid), "chown", "a joined file");
        }

        SysException.Check(Interop.Sys.FChMod(_fd, (attr.Has(AttrValid.Mode) ? attr.Mode : _mode) & FileType.Permissions), "fchmod", "a joined file");
        if (_capability is not null)
        {
            SysException.Check(Interop.Sys.FSetXattr(_fd, CapabilityName, _capability), "setxattr", "a joined file");
        }

        SysException.Check(OpenObject.SetTimes(_fd, attr), "utimensat", "a joined file");
    }

    public void Dispose() => _fd.Dispose();
}
