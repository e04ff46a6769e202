// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace InterMezzo.Platform;

/// <summary>Structures and numbers of the device: keep in sync with kernel/intermezzo.h (a test compares them).</summary>
internal static class PrestoAbi
{
    internal const uint Protocol = 9;
    internal const ushort MessageMark = 1;
    internal const ulong CountMax = 1ul << 62;
    internal const int MessageHeader = 16;
    internal const uint FlagPartial = 0x02;
    internal const uint FlagRecovered = 0x04;
    internal const uint ContextTime = 0x10000;
    internal const uint ContextKeep = 0x20000;
    internal const uint ContextKeep2 = 0x40000;
    internal const uint ContextYield = 0x80000;
    internal const uint GateOpen = 0;
    internal const uint GateAsk = 1;
    internal const uint GateShut = 2;
    internal const uint GateWaitMax = 600_000;

    internal static readonly ulong IocInfo = Ioc(Read, 1, (uint)Unsafe.SizeOf<Info>());
    internal static readonly ulong IocContext = Ioc(Write, 2, (uint)Unsafe.SizeOf<Context>());
    internal static readonly ulong IocSync = Ioc(Read, 3, sizeof(ulong));
    internal static readonly ulong IocTrim = Ioc(Write, 4, sizeof(ulong));
    internal static readonly ulong IocObject = Ioc(Read | Write, 5, (uint)Unsafe.SizeOf<ObjectStatus>());
    internal static readonly ulong IocTell = Ioc(Write, 6, (uint)Unsafe.SizeOf<Place>());
    internal static readonly ulong IocList = Ioc(Write, 7, (uint)Unsafe.SizeOf<List>());
    internal static readonly ulong IocGate = Ioc(Write, 8, (uint)Unsafe.SizeOf<Gate>());

    private const uint Write = 1;
    private const uint Read = 2;

    /// <summary>_IOC of asm-generic</summary>
    private static ulong Ioc(uint direction, uint number, uint size) => (direction << 30) | (size << 16) | (0x9au << 8) | number;

    /// <summary>struct presto_info</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Info
    {
        public uint Protocol;
        public uint JournalMode;
        public ulong Features;
        public ulong First;
        public ulong Watermark;
        public ulong Head;
        public ulong Records;
        public ulong Local;
        public LogIdBytes LogId;
        public FilesetBytes Fileset;
        public uint Mount;
        public uint Released;
        public uint Wanted;
        public uint Gate;
    }

    [InlineArray(16)]
    internal struct LogIdBytes
    {
        private byte _first;
    }

    [InlineArray(256)]
    internal struct FilesetBytes
    {
        private byte _first;
    }

    /// <summary>struct presto_context</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Context
    {
        public ulong Replica;
        public ulong Counter;
        public ulong Source;
        public ulong Seen;
        public long Seconds;
        public uint Nanoseconds;
        public uint Flags;
        public ulong Peer;
    }

    /// <summary>struct presto_object</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct ObjectStatus
    {
        public ulong Ino;
        public uint Gen;
        public uint Writers;
        public ulong Dirty;
        public uint Waits;
        public uint Reserved;
    }

    /// <summary>struct presto_place</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Place
    {
        public int Directory;
        public ushort Op;
        public ushort Length;
        public uint Flags;
        public NameBytes Name;
    }

    /// <summary>struct presto_list</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct List
    {
        public int Directory;
        public uint Length;
        public ulong Seen;
        public ulong Payload;
    }

    /// <summary>struct presto_gate</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Gate
    {
        public uint State;
        public uint Gone;
        public uint WaitMilliseconds;
        public uint GraceMilliseconds;
    }

    [InlineArray(256)]
    internal struct NameBytes
    {
        private byte _first;
    }
}
