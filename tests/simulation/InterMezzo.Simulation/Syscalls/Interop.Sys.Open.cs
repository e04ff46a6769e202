// SPDX-License-Identifier: GPL-2.0-or-later
using System.Buffers.Binary;
using System.Text;
using InterMezzo.Simulation.Kernel;
using InterMezzo.Simulation.Syscalls;

namespace InterMezzo.Platform;

/// <summary>The system calls of the platform, over a simulated kernel. The process is the one whose code runs.</summary>
internal static partial class Interop
{
    internal static partial class Sys
    {
        internal const uint RenameNoReplace = Mount.NoReplace;
        internal const uint RenameExchange = Mount.Exchange;
        internal const int SeekSet = 0;
        internal const int SeekData = 3;
        internal const int SeekHole = 4;
        internal const int PunchHole = 3;
        internal const long UtimeOmit = 0x3ffffffe;
        private const int Block = 4096;

        internal static int OpenAt(Fd directory, ReadOnlySpan<byte> path, int flags, uint mode = 0)
        {
            var process = Process.Enter();
            var name = Name(path);
            var parent = Node(process, directory);
            if (name == ".")
            {
                return Open(process, parent, flags);
            }

            if (!parent.IsDirectory)
            {
                return Errors.NotDirectory;
            }

            if (!parent.Entries.TryGetValue(name, out var inode))
            {
                if ((flags & OpenFlags.Create) == 0)
                {
                    return Errors.NoEntry;
                }

                var error = process.Mount.Make(process.Actor, parent, name, 0x8000 | mode, null, out inode);
                return error != 0 ? error : Open(process, inode!, flags);
            }

            return (flags & OpenFlags.Exclusive) != 0 ? Errors.Exists : Open(process, inode, flags);
        }

        internal static int OpenAt(ReadOnlySpan<byte> path, int flags, uint mode = 0)
        {
            _ = mode;
            var process = Process.Enter();
            if (path.StartsWith("/dev/"u8))
            {
                return process.Open(new OpenFile(null, false));
            }

            return Open(process, path.StartsWith("/proc/"u8) ? Behind(process, path) : process.Mount.Root, flags);
        }

        internal static int OpenAt2Beneath(Fd directory, ReadOnlySpan<byte> path, int flags)
        {
            var process = Process.Enter();
            var inode = Node(process, directory);
            foreach (var name in Name(path).Split('/'))
            {
                if (name != "." && !inode.Entries.TryGetValue(name, out inode!))
                {
                    return Errors.NoEntry;
                }
            }

            return Open(process, inode, flags);
        }

        internal static int OpenByHandleAt(Fd mount, in ObjectHandle handle, int flags)
        {
            _ = mount;
            var process = Process.Enter();
            var (ino, gen) = handle.Identify(0);
            return process.Mount.Disk.Inodes.TryGetValue(ino, out var inode) && inode.Gen == gen ? Open(process, inode, flags) : Errors.Stale;
        }

        internal static int NameToHandleAt(Fd fd, out ObjectHandle handle)
        {
            var inode = Node(Process.Enter(), fd);
            handle = ObjectHandle.FromInode(inode.Ino, inode.Gen);
            return 0;
        }

        internal static int Close(nint fd)
        {
            // The collector's thread, and what is dead, close nothing.
            if (Process.Current is { IsAlive: true } process)
            {
                process.Close((int)fd);
            }

            return 0;
        }

        internal static int GetDents64(Fd fd, Span<byte> buffer)
        {
            var process = Process.Enter();
            var file = process.File(fd.Number);
            file.Listing ??= [.. file.Inode!.Entries.Keys.Where(name => name != ".intermezzo" || file.Inode != process.Mount.Root || process.IsAlive)];
            var at = 0;
            while (file.Position < file.Listing.Length)
            {
                var name = Encoding.Latin1.GetBytes(file.Listing[file.Position]);
                var length = (19 + name.Length + 1 + 7) & ~7;
                if (at + length > buffer.Length)
                {
                    break;
                }

                file.Position++;
                var entry = buffer.Slice(at, length);
                entry.Clear();
                BinaryPrimitives.WriteInt64LittleEndian(entry[8..], file.Position);
                BinaryPrimitives.WriteUInt16LittleEndian(entry[16..], (ushort)length);
                name.CopyTo(entry[19..]);
                at += length;
            }

            return at;
        }

        internal static int ReadLink(ReadOnlySpan<byte> path, Span<byte> buffer)
        {
            var process = Process.Enter();
            var bytes = Encoding.Latin1.GetBytes(PathOf(process.Mount, Behind(process, path)));
            bytes.CopyTo(buffer);
            return bytes.Length;
        }

        internal static int ReadLinkAt(Fd fd, ReadOnlySpan<byte> name, Span<byte> buffer)
        {
            _ = name;
            var target = Node(Process.Enter(), fd).State.Target!;
            target.CopyTo(buffer);
            return target.Length;
        }

        internal static uint umask(uint mask) => mask;

        private static int Open(Process process, Inode inode, int flags)
        {
            var isPath = (flags & OpenFlags.Path) != 0;
            if ((flags & OpenFlags.Directory) != 0 && !inode.IsDirectory)
            {
                return Errors.NotDirectory;
            }

            var writes = !isPath && inode.IsRegular && (flags & (OpenFlags.WriteOnly | OpenFlags.ReadWrite)) != 0;
            var number = process.Open(new OpenFile(inode, writes));
            if (writes && (flags & OpenFlags.Truncate) != 0)
            {
                _ = process.Mount.Truncate(process.Actor, inode, 0);
            }

            return number;
        }

        private static Inode Node(Process process, Fd fd) => process.File(fd.Number).Inode!;

        private static string Name(ReadOnlySpan<byte> path) => Encoding.Latin1.GetString(path[..path.IndexOf((byte)0)]);

        /// <summary>What /proc/self/fd/N leads to.</summary>
        private static Inode Behind(Process process, ReadOnlySpan<byte> path)
        {
            var number = Name(path)["/proc/self/fd/".Length..];
            return process.File(int.Parse(number, System.Globalization.CultureInfo.InvariantCulture)).Inode!;
        }

        private static string PathOf(Mount mount, Inode inode)
        {
            var path = "";
            while (inode != mount.Root)
            {
                if (inode.Names.Count == 0)
                {
                    return "/gone (deleted)";
                }

                var (directory, name) = mount.PlaceOf(inode);
                path = $"/{name}{path}";
                inode = directory;
            }

            return $"/home{path}";
        }
    }
}
