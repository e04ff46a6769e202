// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;
using System.Text;
using InterMezzo.Journal;
using InterMezzo.Simulation.Kernel;
using InterMezzo.Simulation.Syscalls;

namespace InterMezzo.Platform;

internal static partial class Interop
{
    internal static partial class Sys
    {
        internal static int StatX(Fd fd, out StatXData data)
        {
            var process = Process.Enter();
            var inode = Node(process, fd);
            data = new StatXData
            {
                Links = inode.State.Links,
                Uid = inode.State.Uid,
                Gid = inode.State.Gid,
                Mode = (ushort)inode.State.Mode,
                Ino = inode.Ino,
                Size = Mount.SizeOf(inode),
                AccessTime = Time(inode.State.AccessTime),
                ModifyTime = Time(inode.State.ModifyTime),
                ChangeTime = Time(inode.State.ChangeTime),
                DevMajor = 8,
                DevMinor = 1,
                RdevMajor = 0,
                RdevMinor = 0,
                FileAttributes = 0,
            };
            return 0;
        }

        internal static int FChMod(Fd fd, uint mode) => Set(fd, new KmlAttr { Valid = AttrValid.Mode, Mode = mode });

        internal static int ChMod(ReadOnlySpan<byte> path, uint mode)
        {
            var process = Process.Enter();
            return Set(process, Behind(process, path), new KmlAttr { Valid = AttrValid.Mode, Mode = mode });
        }

        internal static int FChOwn(Fd fd, uint uid, uint gid) => Set(fd, new KmlAttr
        {
            Valid = (uid == uint.MaxValue ? 0 : AttrValid.Uid) | (gid == uint.MaxValue ? 0 : AttrValid.Gid),
            Uid = uid,
            Gid = gid,
        });

        internal static int UtimensAt(Fd fd, in TimeSpecs times) => Set(fd, new KmlAttr
        {
            Valid = (times.AccessNanoseconds == UtimeOmit ? 0 : AttrValid.AccessTime) | (times.ModifyNanoseconds == UtimeOmit ? 0 : AttrValid.ModifyTime),
            AccessTime = Time(times.AccessSeconds, times.AccessNanoseconds),
            ModifyTime = Time(times.ModifySeconds, times.ModifyNanoseconds),
        });

        internal static int FGetXattr(Fd fd, ReadOnlySpan<byte> name, Span<byte> value) => Get(Node(Process.Enter(), fd), name, value);

        internal static int GetXattr(ReadOnlySpan<byte> path, ReadOnlySpan<byte> name, Span<byte> value) => Get(Behind(Process.Enter(), path), name, value);

        internal static int FSetXattr(Fd fd, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
        {
            var process = Process.Enter();
            return process.Mount.SetXattr(process.Actor, Node(process, fd), Name(name), value.ToArray());
        }

        internal static int SetXattr(ReadOnlySpan<byte> path, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
        {
            var process = Process.Enter();
            return process.Mount.SetXattr(process.Actor, Behind(process, path), Name(name), value.ToArray());
        }

        internal static int RemoveXattr(ReadOnlySpan<byte> path, ReadOnlySpan<byte> name)
        {
            var process = Process.Enter();
            return process.Mount.SetXattr(process.Actor, Behind(process, path), Name(name), null);
        }

        internal static int FRemoveXattr(Fd fd, ReadOnlySpan<byte> name)
        {
            var process = Process.Enter();
            return process.Mount.SetXattr(process.Actor, Node(process, fd), Name(name), null);
        }

        internal static int ListXattr(ReadOnlySpan<byte> path, Span<byte> names)
        {
            var all = Encoding.Latin1.GetBytes(string.Concat(Behind(Process.Enter(), path).State.Xattrs.Keys.Select(name => name + '\0')));
            if (names.Length > 0 && all.Length > names.Length)
            {
                return Errors.Range;
            }

            all.CopyTo(names);
            return all.Length;
        }

        private static int Set(Fd fd, in KmlAttr attr)
        {
            var process = Process.Enter();
            return Set(process, Node(process, fd), attr);
        }

        private static int Set(Process process, Inode inode, in KmlAttr attr)
        {
            // A record tells the whole mode.
            var whole = attr.Has(AttrValid.Mode) ? attr with { Mode = inode.State.Type | (attr.Mode & 0xfff) } : attr;
            return process.Mount.SetAttributes(process.Actor, inode, whole);
        }

        private static int Get(Inode inode, ReadOnlySpan<byte> name, Span<byte> value)
        {
            if (!inode.State.Xattrs.TryGetValue(Name(name), out var bytes))
            {
                return Errors.NoData;
            }

            if (bytes.Length > value.Length && value.Length > 0)
            {
                return Errors.Range;
            }

            if (value.Length > 0)
            {
                bytes.CopyTo(value);
            }

            return bytes.Length;
        }

        private static KmlTime Time(long seconds, long nanoseconds) => nanoseconds == UtimeOmit ? default : new KmlTime(seconds, (uint)nanoseconds);

        private static StatXTime Time(KmlTime time) => new() { Seconds = time.Seconds, Nanoseconds = time.Nanoseconds };

        internal struct StatXTime
        {
            public long Seconds;
            public uint Nanoseconds;
        }

        internal struct StatXData
        {
            public ulong FileAttributes;
            public uint Links;
            public uint Uid;
            public uint Gid;
            public ushort Mode;
            public ulong Ino;
            public ulong Size;
            public StatXTime AccessTime;
            public StatXTime ChangeTime;
            public StatXTime ModifyTime;
            public uint RdevMajor;
            public uint RdevMinor;
            public uint DevMajor;
            public uint DevMinor;

            internal readonly ulong Device => ((ulong)DevMajor << 32) | DevMinor;

            internal readonly uint Type => Mode & FileType.Mask;
        }

        /// <summary>struct timespec[2]</summary>
        [StructLayout(LayoutKind.Sequential)]
        internal struct TimeSpecs
        {
            public long AccessSeconds;
            public long AccessNanoseconds;
            public long ModifySeconds;
            public long ModifyNanoseconds;
        }
    }
}
