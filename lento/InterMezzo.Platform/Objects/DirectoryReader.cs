// SPDX-License-Identifier: GPL-2.0-or-later
using System.Buffers.Binary;

namespace InterMezzo.Platform;

/// <summary>The names in an open directory, a buffer at a time.</summary>
internal sealed class DirectoryReader(Fd fd) : IDisposable
{
    // struct linux_dirent64: ino 8, off 8, reclen 2, type 1, name
    private const int OffsetAt = 8;
    private const int LengthAt = 16;
    private const int NameAt = 19;

    private readonly byte[] _buffer = new byte[16384];
    private Fd? _fd = fd;
    private long _next;
    private int _at;
    private int _end;

    /// <summary>Null: suspended.</summary>
    internal Fd? Fd => _fd;

    /// <summary>False: no more. The name is good until the next call.</summary>
    internal bool Next(out ReadOnlyMemory<byte> name)
    {
        while (_at < _end || Fill())
        {
            var entry = _buffer.AsMemory(_at, BinaryPrimitives.ReadUInt16LittleEndian(_buffer.AsSpan(_at + LengthAt)));
            _at += entry.Length;
            _next = BinaryPrimitives.ReadInt64LittleEndian(entry.Span[OffsetAt..]);
            name = entry[NameAt..];
            name = name[..name.Span.IndexOf((byte)0)];
            if (!name.Span.SequenceEqual("."u8) && !name.Span.SequenceEqual(".."u8))
            {
                return true;
            }
        }

        name = default;
        return false;
    }

    /// <summary>Gives the descriptor back; the place is kept.</summary>
    internal void Suspend()
    {
        _fd?.Dispose();
        _fd = null;
        (_at, _end) = (0, 0);
    }

    internal void Resume(Fd fd)
    {
        _fd = fd;
        SysException.Check(Interop.Sys.LSeek(fd, _next, Interop.Sys.SeekSet), "lseek", "a directory");
    }

    public void Dispose() => _fd?.Dispose();

    private bool Fill()
    {
        var result = Interop.Sys.GetDents64(_fd!, _buffer);

        // A directory that was removed under the reader has no more entries.
        _end = result == -Errno.ENOENT ? 0 : SysException.Check(result, "getdents64", "a directory");
        _at = 0;
        return _end > 0;
    }
}
