// SPDX-License-Identifier: GPL-2.0-or-later
using System.Collections.Immutable;
using InterMezzo.Journal;

namespace InterMezzo.Simulation.Kernel;

/// <summary>What the disk holds of an inode, apart from a directory's entries.</summary>
internal sealed record InodeState
{
    public uint Mode { get; init; }

    public uint Uid { get; init; }

    public uint Gid { get; init; }

    /// <summary>0: it is gone, though a program may have it open.</summary>
    public uint Links { get; init; }

    /// <summary>Never written to: new content is another array.</summary>
    public byte[] Data { get; init; } = [];

    public byte[]? Target { get; init; }

    public KmlTime AccessTime { get; init; }

    public KmlTime ModifyTime { get; init; }

    public KmlTime ChangeTime { get; init; }

    public ImmutableSortedDictionary<string, byte[]> Xattrs { get; init; } = Empty;

    public static ImmutableSortedDictionary<string, byte[]> Empty { get; } =
        ImmutableSortedDictionary.Create<string, byte[]>(StringComparer.Ordinal);

    public uint Type => Mode & 0xf000;
}

/// <summary>An object of a simulated file system. Names are bytes, each as a character.</summary>
internal sealed class Inode(ulong ino, uint gen, InodeState state)
{
    public ulong Ino { get; } = ino;

    public uint Gen { get; } = gen;

    public InodeState State { get; set; } = state;

    public bool IsDirectory => State.Type == 0x4000;

    public bool IsRegular => State.Type == 0x8000;

    public SortedList<string, Inode> Entries { get; } = new(StringComparer.Ordinal);

    /// <summary>Where it stands; of a directory one at most.</summary>
    public List<(Inode Directory, string Name)> Names { get; } = [];

    // What the module keeps in memory: a power cut takes it.

    /// <summary>Offset of the last record of somebody who isn't in an apply context.</summary>
    public ulong Changed { get; set; }

    public int Writers { get; set; }

    /// <summary>Lento has been told of writers.</summary>
    public bool IsAwaited { get; set; }

    /// <summary>Offset of its CREATE, if it was made here and not closed yet: a CLOSE tells of mode and owner.</summary>
    public ulong Created { get; set; }

    public bool AttributesWereSet { get; set; }

    /// <summary>Offset of the open mark, DIRTY or CREATE.</summary>
    public ulong Dirty { get; set; }

    /// <summary>It was made in an apply context.</summary>
    public bool MarkIsApplied { get; set; }
}
