// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform;

/// <summary>An object held open by O_PATH; its content is opened when first read.</summary>
internal sealed class TreeObject(Fd fd, Fid fid, in Interop.Sys.StatXData stat, PrestoDevice? device) : ITreeObject
{
    private Fd? _content;

    public Fid Fid { get; } = fid;

    public uint Type { get; } = stat.Mode & FileType.Mask;

    public uint Links { get; } = stat.Links;

    internal ulong Ino { get; } = stat.Ino;

    internal KmlTime ChangeTime { get; } = Attributes.ToTime(stat.ChangeTime);

    internal Fd Fd => fd;

    public Writers Writers => device?.WritersOf(fd) ?? Writers.None;

    public ObjectState ReadState() => ObjectReader.Read(fd);

    public bool NextData(ulong offset, out ulong start, out ulong end)
    {
        (start, end) = (offset, offset);
        var from = Interop.Sys.LSeek(Content, checked((long)offset), Interop.Sys.SeekData);
        if (from == -Errno.ENXIO)
        {
            return false;
        }

        start = (ulong)SysException.Check(from, "lseek", Fid.ToString());
        end = (ulong)SysException.Check(Interop.Sys.LSeek(Content, from, Interop.Sys.SeekHole), "lseek", Fid.ToString());
        return true;
    }

    public int Read(ulong offset, Span<byte> buffer) =>
        SysException.Check(Interop.Sys.PRead(Content, buffer, checked((long)offset)), "pread", Fid.ToString());

    public void Dispose()
    {
        _content?.Dispose();
        fd.Dispose();
    }

    private Fd Content => _content ??= Reopen.ForReading(fd, Type);
}
