// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Simulation.Kernel;
using InterMezzo.Simulation.Syscalls;

namespace InterMezzo.Platform;

internal static partial class Interop
{
    internal static partial class Sys
    {
        internal static int PRead(Fd fd, Span<byte> buffer, long offset)
        {
            var process = Process.Enter();
            if (process.File(fd.Number).Inode is not { } inode)
            {
                return ReadLog(process.Mount, buffer, (ulong)offset);
            }

            var data = inode.State.Data.AsSpan((int)Math.Min(offset, inode.State.Data.Length));
            var length = Math.Min(data.Length, buffer.Length);
            data[..length].CopyTo(buffer);
            return length;
        }

        internal static int PWrite(Fd fd, ReadOnlySpan<byte> buffer, long offset)
        {
            var process = Process.Enter();
            return process.Mount.Write(process.Actor, Node(process, fd), (int)offset, buffer);
        }

        internal static int FTruncate(Fd fd, long length)
        {
            var process = Process.Enter();
            return process.Mount.Truncate(process.Actor, Node(process, fd), (int)length);
        }

        /// <summary>No holes are punched here: zeros are written instead.</summary>
        internal static int FAllocate(Fd fd, int mode, long offset, long length)
        {
            _ = (fd, mode, offset, length);
            _ = Process.Enter();
            return Errors.NotSupported;
        }

        /// <summary>Whole blocks of zeros are holes.</summary>
        internal static long LSeek(Fd fd, long offset, int whence)
        {
            var file = Process.Enter().File(fd.Number);
            if (whence == SeekSet)
            {
                file.Position = offset;
                return offset;
            }

            var data = file.Inode!.State.Data;
            var wantsData = whence == SeekData;
            while (offset < data.Length)
            {
                var block = data.AsSpan((int)(offset / Block * Block));
                if (block[..Math.Min(Block, block.Length)].ContainsAnyExcept((byte)0) == wantsData)
                {
                    return offset;
                }

                offset = (offset / Block * Block) + Block;
            }

            return wantsData ? -Errno.ENXIO : data.Length;
        }

        /// <summary>Of a single file: the journal is one for all.</summary>
        internal static int FSync(Fd fd) => Sync(fd);

        internal static int FDataSync(Fd fd) => Sync(fd);

        private static int Sync(Fd fd)
        {
            _ = fd;
            _ = Process.Enter().Machine.Sync();
            return 0;
        }

        private static int ReadLog(Mount mount, Span<byte> buffer, ulong offset)
        {
            if (offset < mount.Log.First)
            {
                return Errors.NoData;
            }

            return offset > mount.Log.Head || offset % InterMezzo.Journal.KmlFormat.Align != 0 ? Errors.Invalid
                : offset == mount.Log.Head ? Errors.Again
                : mount.Log.Read(offset, buffer);
        }
    }
}
