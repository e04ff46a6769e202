// SPDX-License-Identifier: GPL-2.0-or-later
using System.Buffers;
using InterMezzo.Journal;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform;

/// <summary>Whether a file holds a content already: asked only if size and time say that it may.</summary>
internal static class ContentCompare
{
    private const int Step = 128 * 1024;

    internal static bool IsSame(Fd fd, in Interop.Sys.StatXData stat, in KmlAttr attr, Content content)
    {
        if (stat.Size != content.Size || attr.ModifyTime != Attributes.ToTime(stat.ModifyTime))
        {
            return false;
        }

        using var file = Reopen.ForReading(fd, FileType.Regular);
        return content switch
        {
            InlineContent inline => IsSame(file, inline),
            StagedContent { File: StagingFile staged } => IsSame(file, staged),
            FileContent { File: TreeObject kept } => IsSame(file, kept, content.Size),
            _ => false,
        };
    }

    private static bool IsSame(Fd file, StagingFile staged)
    {
        using var other = staged.Reopen();
        return AreSame(file, other, staged.Size);
    }

    private static bool IsSame(Fd file, TreeObject kept, ulong size)
    {
        using var other = Reopen.ForReading(kept.Fd, FileType.Regular);
        return AreSame(file, other, size);
    }

    /// <summary>Two files of one size.</summary>
    internal static bool AreSame(Fd first, Fd second, ulong size)
    {
        var one = ArrayPool<byte>.Shared.Rent(Step);
        var other = ArrayPool<byte>.Shared.Rent(Step);
        try
        {
            for (var offset = 0L; offset < (long)size;)
            {
                var length = Read(first, one.AsSpan(0, Step), offset);
                if (length == 0 || Read(second, other.AsSpan(0, length), offset) != length || !one.AsSpan(0, length).SequenceEqual(other.AsSpan(0, length)))
                {
                    return false;
                }

                offset += length;
            }

            return true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(one);
            ArrayPool<byte>.Shared.Return(other);
        }
    }

    private static bool IsSame(Fd file, InlineContent content)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(checked((int)content.Size) + 1);
        try
        {
            var present = buffer.AsSpan(0, (int)content.Size);
            if (Read(file, present, 0) != present.Length)
            {
                return false;
            }

            var at = 0;
            foreach (var piece in content.Pieces)
            {
                var start = (int)piece.Offset;
                if (present[at..start].ContainsAnyExcept((byte)0) || !present.Slice(start, piece.Data.Length).SequenceEqual(piece.Data.Span))
                {
                    return false;
                }

                at = start + piece.Data.Length;
            }

            return !present[at..].ContainsAnyExcept((byte)0);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static int Read(Fd fd, Span<byte> buffer, long offset)
    {
        var done = 0;
        while (done < buffer.Length)
        {
            var length = SysException.Check(Interop.Sys.PRead(fd, buffer[done..], offset + done), "pread", "an object");
            if (length == 0)
            {
                break;
            }

            done += length;
        }

        return done;
    }
}
