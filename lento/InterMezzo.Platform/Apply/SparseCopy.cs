// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Platform;

/// <summary>Copies contents with their holes.</summary>
internal static class SparseCopy
{
    private const int Step = 1 << 20;

    /// <summary>So much of a target is compared, and written if it differs.</summary>
    private const int Block = 1 << 12;

    /// <summary>The target becomes as the source is, whatever it held: what is as it should be isn't written.</summary>
    internal static void Copy(Fd source, Fd target)
    {
        SysException.Check(Interop.Sys.StatX(source, out var stat), "statx", "a staged content");
        SysException.Check(Interop.Sys.StatX(target, out var old), "statx", "an object");
        var size = (long)stat.Size;
        if (size < (long)old.Size)
        {
            SysException.Check(Interop.Sys.FTruncate(target, size), "ftruncate", "an object");
        }

        var at = 0L;
        while (at < size)
        {
            var start = Interop.Sys.LSeek(source, at, Interop.Sys.SeekData);
            start = start == -Errno.ENXIO ? size : SysException.Check(start, "lseek", "a staged content");
            MakeHole(target, at, start, (long)old.Size);
            if (start == size)
            {
                break;
            }

            at = SysException.Check(Interop.Sys.LSeek(source, start, Interop.Sys.SeekHole), "lseek", "a staged content");
            CopySegment(source, target, start, at, (long)old.Size);
        }

        SysException.Check(Interop.Sys.StatX(target, out old), "statx", "an object");
        if ((long)old.Size != size)
        {
            SysException.Check(Interop.Sys.FTruncate(target, size), "ftruncate", "an object");
        }
    }

    private static void MakeHole(Fd target, long start, long end, long oldSize)
    {
        var data = start < Math.Min(end, oldSize) ? Interop.Sys.LSeek(target, start, Interop.Sys.SeekData) : -Errno.ENXIO;
        if (data != -Errno.ENXIO && SysException.Check(data, "lseek", "an object") < end)
        {
            var result = Interop.Sys.FAllocate(target, Interop.Sys.PunchHole, start, end - start);
            if (result == -Errno.EOPNOTSUPP)
            {
                WriteZeros(target, start, Math.Min(end, oldSize));
            }
            else
            {
                SysException.Check(result, "fallocate", "an object");
            }
        }
    }

    private static void CopySegment(Fd source, Fd target, long start, long end, long oldSize)
    {
        var buffer = new byte[Math.Min(Step, end - start)];
        var there = start < oldSize ? new byte[buffer.Length] : [];
        while (start < end)
        {
            var length = SysException.Check(
                Interop.Sys.PRead(source, buffer.AsSpan(0, (int)Math.Min(buffer.Length, end - start)), start), "pread", "a content");
            if (length == 0)
            {
                return;
            }

            WriteDifferences(target, buffer.AsSpan(0, length), start, there);
            start += length;
        }
    }

    private static void WriteDifferences(Fd target, ReadOnlySpan<byte> data, long offset, Span<byte> there)
    {
        var length = there.IsEmpty ? 0
            : SysException.Check(Interop.Sys.PRead(target, there[..Math.Min(there.Length, data.Length)], offset), "pread", "an object");
        var (from, at) = (0, 0);
        while (at < length)
        {
            var next = Math.Min(at + Block, length);
            if (data[at..next].SequenceEqual(there[at..next]))
            {
                Write(target, data[from..at], offset + from);
                from = next;
            }

            at = next;
        }

        Write(target, data[from..], offset + from);
    }

    private static void WriteZeros(Fd target, long start, long end)
    {
        var zeros = new byte[Math.Min(Step, end - start)];
        for (; start < end; start += zeros.Length)
        {
            Write(target, zeros.AsSpan(0, (int)Math.Min(zeros.Length, end - start)), start);
        }
    }

    private static void Write(Fd target, ReadOnlySpan<byte> data, long offset)
    {
        while (!data.IsEmpty)
        {
            var written = SysException.Check(Interop.Sys.PWrite(target, data, offset), "pwrite", "an object");
            data = data[written..];
            offset += written;
        }
    }
}
