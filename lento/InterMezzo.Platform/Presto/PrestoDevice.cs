// SPDX-License-Identifier: GPL-2.0-or-later
using System.Buffers.Binary;
using System.Text;
using InterMezzo.Journal;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform;

/// <summary>
/// An open /dev/intermezzoN. While one is open, this process sees .intermezzo of what is mounted on it.
/// </summary>
internal sealed class PrestoDevice : IDisposable
{
    private readonly Fd _fd;
    private ulong _durable;

    internal PrestoDevice(string path)
    {
        Path = path;
        _fd = Open(path);
    }

    internal string Path { get; }

    internal Fd Fd => _fd;

    /// <summary>Another open file of the same device, with a position of its own.</summary>
    internal Fd OpenAgain() => Open(Path);

    internal PrestoAbi.Info ReadInfo() => ReadInfo(_fd);

    /// <param name="through">An open file of the device: that it was told of what was released is noted with it.</param>
    internal PrestoAbi.Info ReadInfo(Fd through)
    {
        var info = default(PrestoAbi.Info);
        Check(Interop.Sys.Ioctl(through, PrestoAbi.IocInfo, ref info), "PRESTO_IOC_INFO", 0);
        return info.Protocol == PrestoAbi.Protocol
            ? info
            : throw new IOException($"{Path}: the kernel module speaks protocol {info.Protocol}, this program {PrestoAbi.Protocol}: load the module that belongs to it ('scripts/dkms-install' builds it)");
    }

    internal static JournalInfo ToJournalInfo(in PrestoAbi.Info info) => new(
        LogId.Read(info.LogId), info.First, info.Watermark, info.Head, info.Local, info.JournalMode == 0, (MountFlags)info.Mount)
    {
        Records = info.Records,
        Released = info.Released,
    };

    internal static string FilesetOf(in PrestoAbi.Info info)
    {
        ReadOnlySpan<byte> bytes = info.Fileset;
        var end = bytes.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]);
    }

    /// <summary>0: the watermark is reached.</summary>
    internal int Read(ulong offset, Span<byte> buffer)
    {
        int result;
        do
        {
            result = Interop.Sys.PRead(_fd, buffer, checked((long)offset));
        }
        while (result == -Errno.EINTR);
        return result == -Errno.EAGAIN ? 0 : Check(result, "reading the journal", offset);
    }

    /// <summary>The log below this was synced.</summary>
    internal ulong Durable => Volatile.Read(ref _durable);

    internal ulong Sync()
    {
        var offset = 0ul;
        Check(Interop.Sys.Ioctl(_fd, PrestoAbi.IocSync, ref offset), "PRESTO_IOC_SYNC", 0);
        for (var known = Durable; known < offset; known = Durable)
        {
            Interlocked.CompareExchange(ref _durable, offset, known);
        }

        return offset;
    }

    internal void Trim(ulong offset) => Check(Interop.Sys.Ioctl(_fd, PrestoAbi.IocTrim, ref offset), "PRESTO_IOC_TRIM", offset);

    /// <summary>For the calling thread.</summary>
    internal void SetContext(in Origin origin)
    {
        var context = new PrestoAbi.Context
        {
            Replica = origin.Dot.Replica,
            Counter = origin.Dot.Counter,
            Source = origin.Source,
            Seen = origin.Seen,
            Seconds = origin.Parents?.Time.Seconds ?? 0,
            Nanoseconds = origin.Parents?.Time.Nanoseconds ?? 0,
            Peer = origin.Peer == origin.Dot.Replica ? 0 : origin.Peer,
            Flags = (origin.Partial ? PrestoAbi.FlagPartial : 0) | FlagsOf(origin.Parents),
        };
        Check(Interop.Sys.Ioctl(_fd, PrestoAbi.IocContext, ref context), "PRESTO_IOC_CONTEXT", 0);
    }

    private static uint FlagsOf(ParentTime? parents) => parents is not { } told ? 0
        : PrestoAbi.ContextTime |
          (told.KeepFirst ? PrestoAbi.ContextKeep : 0) |
          (told.KeepSecond ? PrestoAbi.ContextKeep2 : 0) |
          (told.Yield ? PrestoAbi.ContextYield : 0);

    /// <summary>Whether programs have the object open for writing.</summary>
    internal Writers WritersOf(Fd fd)
    {
        var (ino, gen) = LocalFid.HandleOf(fd).Identify(0);
        var status = new PrestoAbi.ObjectStatus { Ino = ino, Gen = gen };
        var result = Interop.Sys.Ioctl(_fd, PrestoAbi.IocObject, ref status);
        if (result is -Errno.ESTALE or -Errno.ENOENT)
        {
            return Writers.None;
        }

        Check(result, "PRESTO_IOC_OBJECT", 0);
        return status switch
        {
            { Writers: 0 } => Writers.None,
            { Waits: 0 } => Writers.Writing,
            _ => Writers.Waiting,
        };
    }

    /// <summary>Journals a name that is in the tree as an update of this replica: an ENTER or a LINK.</summary>
    /// <returns>False: there is no such name (any more).</returns>
    internal bool Tell(Fd directory, ReadOnlySpan<byte> name, Op op, bool afterStop)
    {
        var place = new PrestoAbi.Place
        {
            Directory = directory.Number,
            Op = (ushort)op,
            Length = (ushort)name.Length,
            Flags = afterStop ? PrestoAbi.FlagRecovered : 0,
        };
        name.CopyTo(place.Name);
        var result = Interop.Sys.Ioctl(_fd, PrestoAbi.IocTell, ref place);
        GC.KeepAlive(directory);
        return result != -Errno.ENOENT && Check(result, "PRESTO_IOC_TELL", 0) >= 0;
    }

    /// <summary>Journals the names of a directory, as a LIST.</summary>
    /// <returns>False: it may have changed since the log ended at <paramref name="seen"/>.</returns>
    internal unsafe bool TellList(Fd directory, ReadOnlySpan<byte> payload, ulong seen)
    {
        fixed (byte* bytes = payload)
        {
            var list = new PrestoAbi.List { Directory = directory.Number, Length = (uint)payload.Length, Seen = seen, Payload = (ulong)bytes };
            var result = Interop.Sys.Ioctl(_fd, PrestoAbi.IocList, ref list);
            GC.KeepAlive(directory);
            return result != -Errno.EAGAIN && Check(result, "PRESTO_IOC_LIST", 0) >= 0;
        }
    }

    internal void TurnGate(GateState state, GateState otherwise, uint milliseconds, uint grace)
    {
        var gate = new PrestoAbi.Gate { State = (uint)state, Gone = (uint)otherwise, WaitMilliseconds = milliseconds, GraceMilliseconds = grace };
        int result;
        do
        {
            result = Interop.Sys.Ioctl(_fd, PrestoAbi.IocGate, ref gate);
        }
        while (result == -Errno.EINTR);
        Check(result, "PRESTO_IOC_GATE", 0);
    }

    internal void Mark(ReadOnlySpan<byte> payload, ulong taken)
    {
        var message = new byte[PrestoAbi.MessageHeader + payload.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(message, (uint)message.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(message.AsSpan(4), PrestoAbi.MessageMark);
        BinaryPrimitives.WriteUInt64LittleEndian(message.AsSpan(8), taken);
        payload.CopyTo(message.AsSpan(PrestoAbi.MessageHeader));
        Check(Interop.Sys.Write(_fd, message), "writing a MARK", 0);
    }

    public void Dispose() => _fd.Dispose();

    private static Fd Open(string path) => new(SysException.Check(
        Interop.Sys.OpenAt(Encoding.UTF8.GetBytes(path + '\0'), OpenFlags.ReadWrite | OpenFlags.NonBlock), "open", path));

    private int Check(int result, string what, ulong offset) => result >= 0 ? result : throw (-result switch
    {
        Errno.ENODATA => new JournalException(JournalFault.Trimmed, offset, $"{Path}: the journal has been trimmed beyond offset {offset}"),
        Errno.EINVAL when offset != 0 => new JournalException(JournalFault.Damaged, offset, $"{Path}: no whole record starts at offset {offset} of the journal"),
        Errno.ENOTCONN => new JournalException(JournalFault.Gone, offset, $"{Path}: nothing is mounted on the device"),
        _ => (Exception)new SysException(-result, what, Path),
    });
}
