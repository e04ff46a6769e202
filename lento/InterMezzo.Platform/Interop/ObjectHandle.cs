// SPDX-License-Identifier: GPL-2.0-or-later
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace InterMezzo.Platform;

/// <summary>
/// struct file_handle: names an inode of a file system for as long as it lives. After that the kernel answers ESTALE,
/// even if the inode number is used again.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ObjectHandle : IEquatable<ObjectHandle>
{
    /// <summary>MAX_HANDLE_SZ</summary>
    internal const int MaxBytes = 128;

    /// <summary>FILEID_INO32_GEN</summary>
    private const int InoGen = 1;

    internal uint Length;
    internal int Type;
    private Buffer _bytes;

    [InlineArray(MaxBytes)]
    private struct Buffer
    {
        private byte _first;
    }

    [UnscopedRef]
    internal readonly ReadOnlySpan<byte> Bytes => ((ReadOnlySpan<byte>)_bytes)[..(int)Length];

    internal static ObjectHandle FromBytes(int type, ReadOnlySpan<byte> bytes)
    {
        var handle = new ObjectHandle { Length = (uint)bytes.Length, Type = type };
        bytes.CopyTo(handle._bytes);
        return handle;
    }

    /// <summary>Inode and generation can be read from it.</summary>
    internal readonly bool TellsInode => Type == InoGen && Length is 8 or 12;

    /// <summary>As ext2, ext3, ext4 and presto make them.</summary>
    internal static ObjectHandle FromInode(ulong ino, uint gen)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, (uint)ino);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[4..], gen);
        return FromBytes(InoGen, bytes);
    }

    /// <summary>
    /// Inode and generation, as a FID tells them. Where the file system's handle isn't made of these (anything but
    /// ext2/3/4, presto and tmpfs) the generation is a hash of the handle.
    /// </summary>
    internal readonly (ulong Ino, uint Gen) Identify(ulong ino)
    {
        var bytes = Bytes;
        return (Type, bytes.Length) switch
        {
            (InoGen, 8) => (BinaryPrimitives.ReadUInt32LittleEndian(bytes), BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..])),
            (InoGen, 12) => (BinaryPrimitives.ReadUInt64LittleEndian(bytes[4..]), BinaryPrimitives.ReadUInt32LittleEndian(bytes)),
            _ => (ino, Hash(bytes)),
        };
    }

    public readonly bool Equals(ObjectHandle other) => Type == other.Type && Bytes.SequenceEqual(other.Bytes);

    public override readonly bool Equals(object? obj) => obj is ObjectHandle other && Equals(other);

    public override readonly int GetHashCode() => (int)Hash(Bytes);

    /// <summary>FNV-1a.</summary>
    private static uint Hash(ReadOnlySpan<byte> bytes)
    {
        var hash = 2166136261u;
        foreach (var b in bytes)
        {
            hash = (hash ^ b) * 16777619u;
        }

        return hash;
    }
}
