// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;

namespace InterMezzo.Replication.Ports;

/// <summary>The live tree, for reading, from any thread.</summary>
public interface IReplicaTree
{
    Fid Root { get; }

    /// <summary>Null: there is no such object (any more).</summary>
    ITreeObject? Open(Fid fid);

    /// <summary>What stands at a name. Null: nothing, or there is no such directory.</summary>
    ITreeObject? OpenAt(Fid parent, ReadOnlySpan<byte> name);

    /// <summary>A name of an object in the tree, if the kernel knows one. Null: it has none, or isn't known to.</summary>
    (Fid Parent, byte[] Name)? PlaceOf(Fid fid);

    /// <summary>A directory is one of the daemon's own, or in one: what it holds isn't in the tree.</summary>
    bool IsAway(Fid directory);

    /// <summary>
    /// The object (null: the whole tree) and all below it, parents first. Memory doesn't grow with the tree. Other
    /// programs may change it meanwhile: what stays is met, what vanishes is passed over, what moves is met once,
    /// twice or not at all (the log tells).
    /// </summary>
    IEnumerable<WalkEntry> Walk(Fid? subtree = null);
}

/// <param name="Parent">Of the first entry: default.</param>
/// <param name="Name">Of the first entry: empty.</param>
/// <param name="Object">Open until the walk goes on; an object with several names is met under each of them.</param>
public readonly record struct WalkEntry(Fid Parent, ReadOnlyMemory<byte> Name, ITreeObject Object);

/// <summary>An open object: it stays the same whatever happens to its names. For one thread at a time.</summary>
public interface ITreeObject : IDisposable
{
    Fid Fid { get; }

    /// <summary>The mode's type bits.</summary>
    uint Type { get; }

    uint Links { get; }

    ObjectState ReadState();

    /// <summary>
    /// The next segment of data at or after <paramref name="offset"/>. False: only a hole, or nothing, follows.
    /// Regular files alone.
    /// </summary>
    bool NextData(ulong offset, out ulong start, out ulong end);

    /// <summary>0: the end of the file.</summary>
    int Read(ulong offset, Span<byte> buffer);

    /// <summary>
    /// Whether the file is open for writing here, as far as the replica can tell (a plain directory: no). If it is,
    /// <see cref="IJournal.WaitReleasedAsync"/> tells when it isn't any more.
    /// </summary>
    Writers Writers { get; }
}
