// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Simulation.Kernel;
using InterMezzo.Simulation.Syscalls;

namespace InterMezzo.Platform;

internal static partial class Interop
{
    internal static partial class Sys
    {
        internal static int MkDirAt(Fd directory, ReadOnlySpan<byte> name, uint mode) => Make(directory, name, 0x4000 | mode, null);

        internal static int SymlinkAt(ReadOnlySpan<byte> target, Fd directory, ReadOnlySpan<byte> name) =>
            Make(directory, name, 0xa1ff, target[..target.IndexOf((byte)0)].ToArray());

        internal static int MkNodAt(Fd directory, ReadOnlySpan<byte> name, uint mode, uint major, uint minor)
        {
            _ = (major, minor);
            return Make(directory, name, mode, null);
        }

        internal static int LinkAt(Fd fd, Fd directory, ReadOnlySpan<byte> name)
        {
            var process = Process.Enter();
            return process.Mount.Link(process.Actor, Node(process, fd), Node(process, directory), Name(name));
        }

        internal static int UnlinkAt(Fd directory, ReadOnlySpan<byte> name, int flags)
        {
            var process = Process.Enter();
            return process.Mount.Remove(process.Actor, Node(process, directory), Name(name), (flags & At.RemoveDirectory) != 0);
        }

        internal static int RenameAt2(Fd oldDirectory, ReadOnlySpan<byte> oldName, Fd newDirectory, ReadOnlySpan<byte> newName, uint flags)
        {
            var process = Process.Enter();
            return process.Mount.Rename(process.Actor, Node(process, oldDirectory), Name(oldName), Node(process, newDirectory), Name(newName), flags);
        }

        private static int Make(Fd directory, ReadOnlySpan<byte> name, uint mode, byte[]? target)
        {
            var process = Process.Enter();
            return process.Mount.Make(process.Actor, Node(process, directory), Name(name), mode, target, out _);
        }
    }
}
