// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace InterMezzo.Platform.Tests;

/// <summary>Constants and structures as the C compiler sees them in the headers of the system and of the kernel module.</summary>
[TestFixture]
public class AbiTests
{
    private static readonly Lazy<Dictionary<string, ulong>> s_c = new(CompileAndRun);

    private static readonly Dictionary<string, ulong> s_ours = new()
    {
        [$"IS(PRESTO_STAGING_DIR, {ReplicaRoot.StagingName})"] = 1,
        [$"IS(PRESTO_ASIDE_DIR, {ReplicaRoot.AsideName})"] = 1,
        [$"IS(PRESTO_CONFLICTS_DIR, {ReplicaRoot.ConflictsName})"] = 1,
        [$"IS(PRESTO_KEPT_DIR, {ReplicaRoot.KeptName})"] = 1,
        ["O_RDONLY"] = OpenFlags.ReadOnly,
        ["O_WRONLY"] = OpenFlags.WriteOnly,
        ["O_RDWR"] = OpenFlags.ReadWrite,
        ["O_CREAT"] = OpenFlags.Create,
        ["O_EXCL"] = OpenFlags.Exclusive,
        ["O_TRUNC"] = OpenFlags.Truncate,
        ["O_NONBLOCK"] = OpenFlags.NonBlock,
        ["O_NOATIME"] = OpenFlags.NoAccessTime,
        ["O_CLOEXEC"] = OpenFlags.CloseOnExec,
        ["O_PATH"] = OpenFlags.Path,
        ["O_DIRECTORY"] = (ulong)OpenFlags.Directory,
        ["O_NOFOLLOW"] = (ulong)OpenFlags.NoFollow,
        ["AT_SYMLINK_NOFOLLOW"] = At.SymlinkNoFollow,
        ["AT_REMOVEDIR"] = At.RemoveDirectory,
        ["AT_EMPTY_PATH"] = At.EmptyPath,
        ["RENAME_NOREPLACE"] = Interop.Sys.RenameNoReplace,
        ["RENAME_EXCHANGE"] = Interop.Sys.RenameExchange,
        ["RESOLVE_BENEATH"] = Interop.Sys.ResolveBeneath,
        ["RESOLVE_NO_SYMLINKS"] = Interop.Sys.ResolveNoSymlinks,
        ["RESOLVE_NO_MAGICLINKS"] = Interop.Sys.ResolveNoMagicLinks,
        ["RESOLVE_NO_XDEV"] = Interop.Sys.ResolveNoXdev,
        ["SYS_openat2"] = Interop.Sys.OpenAt2Number,
        ["sizeof(struct open_how)"] = (ulong)Unsafe.SizeOf<Interop.Sys.OpenHow>(),
        ["SEEK_DATA"] = Interop.Sys.SeekData,
        ["SEEK_HOLE"] = Interop.Sys.SeekHole,
        ["FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE"] = Interop.Sys.PunchHole,
        ["UTIME_OMIT"] = Interop.Sys.UtimeOmit,
        ["STATX_BASIC_STATS"] = Interop.Sys.StatXBasic,
        ["EFD_CLOEXEC | EFD_NONBLOCK"] = Interop.Sys.EventFdFlags,
        ["POLLIN"] = (ulong)Interop.Sys.PollIn,
        ["POLLPRI"] = (ulong)Interop.Sys.PollPriority,
        ["POLLHUP"] = (ulong)Interop.Sys.PollHangUp,
        ["MAX_HANDLE_SZ"] = ObjectHandle.MaxBytes,
        ["S_IFMT"] = FileType.Mask,
        ["S_IFIFO"] = FileType.Fifo,
        ["S_IFCHR"] = FileType.CharDevice,
        ["S_IFDIR"] = FileType.Directory,
        ["S_IFBLK"] = FileType.BlockDevice,
        ["S_IFREG"] = FileType.Regular,
        ["S_IFLNK"] = FileType.Symlink,
        ["S_IFSOCK"] = FileType.Socket,
        ["makedev(259, 70000)"] = Interop.Sys.MakeDevice(259, 70000),
        ["makedev(0xfffff, 3)"] = Interop.Sys.MakeDevice(0xfffff, 3),
        ["sizeof(struct statx)"] = (ulong)Unsafe.SizeOf<Interop.Sys.StatXData>(),
        ["offsetof(struct statx, stx_nlink)"] = Offset<Interop.Sys.StatXData>("Links"),
        ["offsetof(struct statx, stx_uid)"] = Offset<Interop.Sys.StatXData>("Uid"),
        ["offsetof(struct statx, stx_gid)"] = Offset<Interop.Sys.StatXData>("Gid"),
        ["offsetof(struct statx, stx_mode)"] = Offset<Interop.Sys.StatXData>("Mode"),
        ["offsetof(struct statx, stx_ino)"] = Offset<Interop.Sys.StatXData>("Ino"),
        ["offsetof(struct statx, stx_size)"] = Offset<Interop.Sys.StatXData>("Size"),
        ["offsetof(struct statx, stx_blocks)"] = Offset<Interop.Sys.StatXData>("Blocks"),
        ["offsetof(struct statx, stx_atime)"] = Offset<Interop.Sys.StatXData>("AccessTime"),
        ["offsetof(struct statx, stx_ctime)"] = Offset<Interop.Sys.StatXData>("ChangeTime"),
        ["offsetof(struct statx, stx_mtime)"] = Offset<Interop.Sys.StatXData>("ModifyTime"),
        ["offsetof(struct statx, stx_rdev_major)"] = Offset<Interop.Sys.StatXData>("RdevMajor"),
        ["offsetof(struct statx, stx_rdev_minor)"] = Offset<Interop.Sys.StatXData>("RdevMinor"),
        ["offsetof(struct statx, stx_dev_major)"] = Offset<Interop.Sys.StatXData>("DevMajor"),
        ["offsetof(struct statx, stx_dev_minor)"] = Offset<Interop.Sys.StatXData>("DevMinor"),
        ["sizeof(struct timespec[2])"] = (ulong)Unsafe.SizeOf<Interop.Sys.TimeSpecs>(),
        ["sizeof(struct pollfd)"] = (ulong)Unsafe.SizeOf<Interop.Sys.PollFd>(),
        ["PRESTO_IOC_INFO"] = PrestoAbi.IocInfo,
        ["PRESTO_IOC_CONTEXT"] = PrestoAbi.IocContext,
        ["PRESTO_IOC_SYNC"] = PrestoAbi.IocSync,
        ["PRESTO_IOC_TRIM"] = PrestoAbi.IocTrim,
        ["PRESTO_IOC_OBJECT"] = PrestoAbi.IocObject,
        ["PRESTO_IOC_TELL"] = PrestoAbi.IocTell,
        ["PRESTO_IOC_LIST"] = PrestoAbi.IocList,
        ["PRESTO_IOC_GATE"] = PrestoAbi.IocGate,
        ["PRESTO_GATE_OPEN"] = PrestoAbi.GateOpen,
        ["PRESTO_GATE_ASK"] = PrestoAbi.GateAsk,
        ["PRESTO_GATE_SHUT"] = PrestoAbi.GateShut,
        ["PRESTO_GATE_WAIT_MAX"] = PrestoAbi.GateWaitMax,
        ["KML_FLAG_RECOVERED"] = PrestoAbi.FlagRecovered,
        ["PRESTO_PROTOCOL"] = PrestoAbi.Protocol,
        ["PRESTO_MSG_MARK"] = PrestoAbi.MessageMark,
        ["PRESTO_COUNT_MAX"] = PrestoAbi.CountMax,
        ["sizeof(struct presto_message)"] = PrestoAbi.MessageHeader,
        ["KML_FLAG_PARTIAL"] = PrestoAbi.FlagPartial,
        ["PRESTO_CONTEXT_TIME"] = PrestoAbi.ContextTime,
        ["PRESTO_CONTEXT_KEEP"] = PrestoAbi.ContextKeep,
        ["PRESTO_CONTEXT_KEEP2"] = PrestoAbi.ContextKeep2,
        ["PRESTO_CONTEXT_YIELD"] = PrestoAbi.ContextYield,
        ["offsetof(struct presto_info, watermark)"] = Offset<PrestoAbi.Info>("Watermark"),
        ["offsetof(struct presto_info, log_id)"] = Offset<PrestoAbi.Info>("LogId"),
        ["offsetof(struct presto_info, fileset)"] = Offset<PrestoAbi.Info>("Fileset"),
        ["offsetof(struct presto_info, mount)"] = Offset<PrestoAbi.Info>("Mount"),
        ["offsetof(struct presto_info, released)"] = Offset<PrestoAbi.Info>("Released"),
        ["offsetof(struct presto_info, wanted)"] = Offset<PrestoAbi.Info>("Wanted"),
        ["offsetof(struct presto_info, gate)"] = Offset<PrestoAbi.Info>("Gate"),
        ["offsetof(struct presto_gate, gone)"] = Offset<PrestoAbi.Gate>("Gone"),
        ["offsetof(struct presto_gate, grace_ms)"] = Offset<PrestoAbi.Gate>("GraceMilliseconds"),
        ["offsetof(struct presto_gate, wait_ms)"] = Offset<PrestoAbi.Gate>("WaitMilliseconds"),
        ["offsetof(struct presto_context, seen)"] = Offset<PrestoAbi.Context>("Seen"),
        ["offsetof(struct presto_context, sec)"] = Offset<PrestoAbi.Context>("Seconds"),
        ["offsetof(struct presto_context, flags)"] = Offset<PrestoAbi.Context>("Flags"),
        ["offsetof(struct presto_context, peer)"] = Offset<PrestoAbi.Context>("Peer"),
        ["offsetof(struct presto_place, op)"] = Offset<PrestoAbi.Place>("Op"),
        ["offsetof(struct presto_place, flags)"] = Offset<PrestoAbi.Place>("Flags"),
        ["offsetof(struct presto_list, len)"] = Offset<PrestoAbi.List>("Length"),
        ["offsetof(struct presto_list, seen)"] = Offset<PrestoAbi.List>("Seen"),
        ["offsetof(struct presto_list, payload)"] = Offset<PrestoAbi.List>("Payload"),
        ["offsetof(struct presto_place, name)"] = Offset<PrestoAbi.Place>("Name"),
        ["offsetof(struct presto_object, dirty)"] = Offset<PrestoAbi.ObjectStatus>("Dirty"),
        ["offsetof(struct presto_object, waits)"] = Offset<PrestoAbi.ObjectStatus>("Waits"),
    };

    private static IEnumerable<string> OurNames => s_ours.Keys;

    private static IEnumerable<string> ErrnoNames => typeof(Errno).GetFields(BindingFlags.NonPublic | BindingFlags.Static).Select(constant => constant.Name);

    [TestCaseSource(nameof(OurNames))]
    public void What_the_headers_say_is_what_is_used_here(string expression) =>
        Assert.That(s_ours[expression], Is.EqualTo(s_c.Value[expression]));

    [TestCaseSource(nameof(ErrnoNames))]
    public void Error_numbers_are_the_systems(string name) =>
        Assert.That((ulong)(int)typeof(Errno).GetField(name, BindingFlags.NonPublic | BindingFlags.Static)!.GetRawConstantValue()!, Is.EqualTo(s_c.Value[name]));

    private static ulong Offset<T>(string field) => (ulong)Marshal.OffsetOf<T>(field);

    private static Dictionary<string, ulong> CompileAndRun()
    {
        using var scratch = new Scratch("tmp");
        var prints = s_ours.Keys.Concat(ErrnoNames).Select(e => $"printf(\"%llu\\t%s\\n\", (unsigned long long)({e}), \"{e}\");");
        File.WriteAllText(scratch.At("abi.c"), $$"""
            #define _GNU_SOURCE
            #include <errno.h>
            #include <fcntl.h>
            #include <poll.h>
            #include <stddef.h>
            #include <stdio.h>
            #include <string.h>
            #include <sys/eventfd.h>
            #include <sys/stat.h>
            #include <sys/syscall.h>
            #include <sys/sysmacros.h>
            #include <unistd.h>
            #include <linux/openat2.h>
            #include "{{Header()}}"
            #define IS(name, what) !strcmp(name, #what)
            int main(void) { {{string.Join('\n', prints)}} return 0; }
            """);
        var output = Scratch.Sh($"cd {scratch.Path} && gcc -w -o abi abi.c && ./abi");
        return output.Split('\n').Select(line => line.Split('\t')).ToDictionary(parts => parts[1], parts => ulong.Parse(parts[0], CultureInfo.InvariantCulture));
    }

    private static string Header()
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "kernel/intermezzo.h")))
            {
                return Path.Combine(directory.FullName, "kernel/intermezzo.h");
            }
        }

        return SourceHeader();
    }

    /// <summary>The build's output may be elsewhere: then from where this file was compiled.</summary>
    private static string SourceHeader([CallerFilePath] string path = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, "../../../kernel/intermezzo.h"));
}
