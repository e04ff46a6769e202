// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.CompilerServices;
using System.Text;
using InterMezzo.Journal;
using InterMezzo.Replication.Ports;
using InterMezzo.Simulation.Kernel;
using InterMezzo.Simulation.Syscalls;

namespace InterMezzo.Platform;

internal static partial class Interop
{
    internal static partial class Sys
    {
        /// <summary>On the device; files have no flags here.</summary>
        internal static int Ioctl<T>(Fd fd, ulong request, ref T argument)
            where T : unmanaged
        {
            var process = Process.Enter();
            if (process.File(fd.Number).Inode is not null)
            {
                return Errors.NoTerminal;
            }

            var mount = process.Mount;
            if (request == PrestoAbi.IocInfo)
            {
                Describe(mount, ref Unsafe.As<T, PrestoAbi.Info>(ref argument));
                return 0;
            }

            if (request == PrestoAbi.IocContext)
            {
                process.Context = ContextOf(Unsafe.As<T, PrestoAbi.Context>(ref argument));
                return 0;
            }

            if (request == PrestoAbi.IocSync)
            {
                Unsafe.As<T, ulong>(ref argument) = process.Machine.Sync();
                return 0;
            }

            if (request == PrestoAbi.IocTrim)
            {
                mount.Trim(Unsafe.As<T, ulong>(ref argument));
                return 0;
            }

            if (request == PrestoAbi.IocObject)
            {
                return Look(mount, ref Unsafe.As<T, PrestoAbi.ObjectStatus>(ref argument));
            }

            if (request == PrestoAbi.IocTell)
            {
                ref var place = ref Unsafe.As<T, PrestoAbi.Place>(ref argument);
                var name = Encoding.Latin1.GetString(((ReadOnlySpan<byte>)place.Name)[..place.Length]);
                return mount.Tell(process.Actor, process.File(place.Directory).Inode!, name, (Op)place.Op, (RecordFlags)place.Flags);
            }

            if (request == PrestoAbi.IocGate)
            {
                ref var gate = ref Unsafe.As<T, PrestoAbi.Gate>(ref argument);
                mount.TurnGate((GateState)gate.State, (GateState)gate.Gone);
                return 0;
            }

            return Errors.NoTerminal;
        }

        internal static int Write(Fd fd, ReadOnlySpan<byte> message)
        {
            _ = fd;
            var process = Process.Enter();
            process.Mount.Mark(process.Actor, message[PrestoAbi.MessageHeader..]);
            return message.Length;
        }

        private static void Describe(Mount mount, ref PrestoAbi.Info info)
        {
            info.Protocol = PrestoAbi.Protocol;
            info.First = mount.Log.First;
            info.Watermark = mount.Log.Head;
            info.Head = mount.Log.Head;
            info.Records = mount.Log.Place.Records;
            info.Local = mount.Log.Place.Local;
            info.Mount = (uint)mount.Flags;
            info.Released = mount.Released;
            info.Wanted = mount.Wanted;
            info.Gate = (uint)mount.Gate;
            mount.Log.Id.Write(info.LogId);
            "home"u8.CopyTo(info.Fileset);
        }

        private static Origin ContextOf(in PrestoAbi.Context context)
        {
            if (context.Replica == 0)
            {
                return default;
            }

            var time = new KmlTime(context.Seconds, context.Nanoseconds);
            return new Origin(new Dot(context.Replica, context.Counter), context.Source, (context.Flags & PrestoAbi.FlagPartial) != 0)
            {
                Seen = context.Seen,
                Peer = context.Peer,
                Parents = (context.Flags & PrestoAbi.ContextTime) == 0 ? null : new ParentTime(
                    time,
                    (context.Flags & PrestoAbi.ContextKeep) != 0,
                    (context.Flags & PrestoAbi.ContextKeep2) != 0,
                    (context.Flags & PrestoAbi.ContextYield) != 0),
            };
        }

        private static int Look(Mount mount, ref PrestoAbi.ObjectStatus status)
        {
            if (!mount.Disk.Inodes.TryGetValue(status.Ino, out var inode) || inode.Gen != status.Gen)
            {
                return Errors.Stale;
            }

            (status.Writers, status.Dirty) = ((uint)inode.Writers, inode.Dirty);
            status.Waits = inode.Writers > 0 && !mount.MayBeWritten(inode) ? 1u : 0;
            inode.IsAwaited |= inode.Writers > 0;
            return 0;
        }
    }
}
