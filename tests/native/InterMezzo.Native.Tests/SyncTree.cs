// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using InterMezzo.Journal;
using NUnit.Framework;

namespace InterMezzo.Native.Tests;

/// <summary>Two trees are equal when these lines are: names, types, modes, owners, sizes, times, contents, links.</summary>
internal static partial class SyncTree
{
    public static string Describe(string root)
    {
        var names = new Dictionary<ulong, string>();
        var lines = Directory.EnumerateFileSystemEntries(root, "*", SearchOption.AllDirectories)
            .Select(path => (Path: path, Name: Path.GetRelativePath(root, path)))
            .Where(entry => entry.Name.Split('/')[0] != ".intermezzo")
            .OrderBy(entry => entry.Name, StringComparer.Ordinal)
            .Select(entry => Line(entry.Path, entry.Name, names));
        return string.Join('\n', lines);
    }

    /// <summary>Fails with the lines that differ, those of the expected tree first.</summary>
    public static void AssertEqual(string expected, string actual)
    {
        var (wanted, found) = (Describe(expected).Split('\n'), Describe(actual).Split('\n'));
        var differences = wanted.Except(found).Select(line => $"- {line}").Concat(found.Except(wanted).Select(line => $"+ {line}")).ToList();
        Assert.That(differences, Is.Empty, $"{differences.Count} lines:\n{string.Join('\n', differences.Take(40))}");
    }

    public static ulong InodeOf(string path) => ReadStat(path).Ino;

    public static KmlAttr ReadAttr(string path)
    {
        var stat = ReadStat(path);
        return new KmlAttr
        {
            Valid = (AttrValid)0x1ff & ~AttrValid.Device,
            Mode = stat.Mode,
            Uid = stat.Uid,
            Gid = stat.Gid,
            Size = stat.Size,
            AccessTime = stat.AccessTime.Value,
            ModifyTime = stat.ModifyTime.Value,
            ChangeTime = stat.ChangeTime.Value,
            Links = stat.Links,
        };
    }

    private static string Line(string path, string name, Dictionary<ulong, string> names)
    {
        var stat = ReadStat(path);
        var isDirectory = (stat.Mode & 0xf000) == 0x4000;
        var first = isDirectory || names.TryAdd(stat.Ino, name) ? name : names[stat.Ino];
        var what = (stat.Mode & 0xf000) switch
        {
            0x4000 => "directory",
            0x8000 => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(path)))[..16],
            0xa000 => "-> " + new FileInfo(path).LinkTarget,
            _ => "special",
        };
        var size = isDirectory ? 0 : stat.Size;
        var mtime = stat.ModifyTime.Value;
        return $"{name} {Convert.ToString(stat.Mode, 8)} {stat.Uid}:{stat.Gid} {size} {mtime.Seconds}.{mtime.Nanoseconds:d9} ={first} {what}";
    }

    private static Stat ReadStat(string path)
    {
        const int NoFollow = 0x100, All = 0x7ff;
        return StatX(-100, path, NoFollow, All, out var stat) == 0 ? stat
            : throw new IOException($"{path}: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct StatTime
    {
        public long Seconds;
        public uint Nanoseconds;
        private readonly int _reserved;

        public readonly KmlTime Value => new(Seconds, Nanoseconds);
    }

    /// <summary>struct statx.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 256)]
    private struct Stat
    {
        public uint Mask;
        public uint BlockSize;
        public ulong Attributes;
        public uint Links;
        public uint Uid;
        public uint Gid;
        public ushort Mode;
        public ushort Spare;
        public ulong Ino;
        public ulong Size;
        public ulong Blocks;
        public ulong AttributesMask;
        public StatTime AccessTime;
        public StatTime BirthTime;
        public StatTime ChangeTime;
        public StatTime ModifyTime;
    }

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatX(int directory, string path, int flags, uint mask, out Stat stat);
}
