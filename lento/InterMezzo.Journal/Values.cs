// SPDX-License-Identifier: GPL-2.0-or-later
using System.Buffers.Binary;

namespace InterMezzo.Journal;

/// <summary>An object, named by the replica that made it. Replica 0, in a log only: the log's own replica.</summary>
public readonly record struct Fid(ulong Replica, ulong Ino, uint Gen)
{
    public bool IsNone => this == default;

    public static Fid Read(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadUInt64LittleEndian(bytes),
        BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]),
        BinaryPrimitives.ReadUInt32LittleEndian(bytes[16..]));

    /// <summary>24 bytes.</summary>
    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Replica);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], Ino);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[16..], Gen);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[20..], 0);
    }

    /// <summary>As everybody understands it.</summary>
    public Fid Canonical(ulong self) => Replica == 0 ? this with { Replica = self } : this;

    public override string ToString() => $"{Replica:x}.{Ino:x}.{Gen:x}";
}

/// <summary>The name of one update: who made it, and its count there.</summary>
public readonly record struct Dot(ulong Replica, ulong Counter)
{
    public override string ToString() => $"{Replica:x}:{Counter}";
}

/// <summary>A point in time; nanoseconds are 0 to 999,999,999, seconds may be negative.</summary>
public readonly record struct KmlTime(long Seconds, uint Nanoseconds);

/// <summary>An object that exists here: its name for everybody, and its inode here. 40 bytes.</summary>
/// <param name="Fid">Who it is.</param>
/// <param name="Ino">Its inode in the local file system.</param>
/// <param name="Gen">That inode's generation.</param>
/// <param name="Mode">Type and permissions.</param>
public readonly record struct KmlObject(Fid Fid, ulong Ino, uint Gen, uint Mode)
{
    internal static KmlObject Read(ReadOnlySpan<byte> bytes) => new(
        Fid.Read(bytes),
        BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]),
        BinaryPrimitives.ReadUInt32LittleEndian(bytes[32..]),
        BinaryPrimitives.ReadUInt32LittleEndian(bytes[36..]));

    internal void Write(Span<byte> bytes)
    {
        Fid.Write(bytes);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[24..], Ino);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[32..], Gen);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[36..], Mode);
    }
}

/// <summary>Bytes of a file that changed.</summary>
/// <param name="Start">The first one.</param>
/// <param name="Length">How many; <see cref="ulong.MaxValue"/>: to the end of the file.</param>
public readonly record struct KmlRange(ulong Start, ulong Length);

/// <summary>What only the operation itself could tell.</summary>
/// <param name="State"><see cref="KmlFormat.Intent"/>, <see cref="KmlFormat.Done"/> or <see cref="KmlFormat.Void"/>.</param>
/// <param name="Ino">The new object's inode here; 0: none.</param>
/// <param name="Gen">Its generation.</param>
/// <param name="Mode">Its type and permissions after umask and ACL.</param>
/// <param name="Uid">Its owner.</param>
/// <param name="Gid">Its group.</param>
/// <param name="Time">The parent's mtime, if <see cref="ResultFlags.Time"/>.</param>
/// <param name="Flags">More about it.</param>
public readonly record struct KmlResult(uint State, ulong Ino, uint Gen, uint Mode, uint Uid, uint Gid, KmlTime Time, ResultFlags Flags);
