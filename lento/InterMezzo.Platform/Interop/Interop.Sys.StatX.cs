// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;

namespace InterMezzo.Platform;

internal static partial class Interop
{
    internal static partial class Sys
    {
        /// <summary>STATX_BASIC_STATS</summary>
        internal const uint StatXBasic = 0x7ff;

        internal static unsafe int StatX(Fd fd, out StatXData data)
        {
            fixed (StatXData* pointer = &data)
            {
                return Result(statx(fd, "\0"u8, At.EmptyPath | At.SymlinkNoFollow, StatXBasic, pointer));
            }
        }

        [LibraryImport(Libc, SetLastError = true)]
        private static unsafe partial int statx(Fd directory, ReadOnlySpan<byte> path, int flags, uint mask, StatXData* data);

        internal struct StatXTime
        {
            public long Seconds;
            public uint Nanoseconds;
            private readonly int _reserved;
        }

        /// <summary>struct statx</summary>
        [StructLayout(LayoutKind.Explicit, Size = 256)]
        internal struct StatXData
        {
            [FieldOffset(8)] public ulong FileAttributes;
            [FieldOffset(16)] public uint Links;
            [FieldOffset(20)] public uint Uid;
            [FieldOffset(24)] public uint Gid;
            [FieldOffset(28)] public ushort Mode;
            [FieldOffset(32)] public ulong Ino;
            [FieldOffset(40)] public ulong Size;
            [FieldOffset(48)] public ulong Blocks;
            [FieldOffset(64)] public StatXTime AccessTime;
            [FieldOffset(96)] public StatXTime ChangeTime;
            [FieldOffset(112)] public StatXTime ModifyTime;
            [FieldOffset(128)] public uint RdevMajor;
            [FieldOffset(132)] public uint RdevMinor;
            [FieldOffset(136)] public uint DevMajor;
            [FieldOffset(140)] public uint DevMinor;

            internal readonly ulong Device => ((ulong)DevMajor << 32) | DevMinor;

            internal readonly uint Type => Mode & FileType.Mask;
        }
    }
}
