// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;

namespace InterMezzo.Replication.Ports;

/// <param name="NeedsContent">A regular file whose content isn't (all) here.</param>
/// <param name="Offset">So much of this very version is here.</param>
public readonly record struct JoinStep(bool NeedsContent, ulong Offset);

/// <summary>
/// Builds the tree of a snapshot beside the live one, then puts it in its place. Interrupted at any point, it goes on
/// where it was: what is there in the right version is kept. All members are for the applier's thread.
/// </summary>
public interface IJoin
{
    /// <summary>The snapshot of a server begins. An unfinished join from another root starts over.</summary>
    void Begin(Fid root, ObjectState state);

    /// <summary>The next object, parents first. Other names of an object come as the same FID again.</summary>
    JoinStep Place(Fid parent, ReadOnlySpan<byte> name, Fid fid, ObjectState state);

    /// <summary>A piece of a file's content; offsets only grow.</summary>
    void Write(Fid fid, ulong offset, ReadOnlySpan<byte> data);

    /// <summary>The content is complete.</summary>
    /// <param name="size">Its length.</param>
    /// <param name="attr">Attributes after it was read; null: as placed.</param>
    void Finish(Fid fid, ulong size, KmlAttr? attr);

    /// <summary>The object is gone at the server.</summary>
    void Drop(Fid fid);

    /// <summary>
    /// The snapshot is whole, and becomes the tree. What was made here and the server doesn't know stays, and is
    /// journaled as updates of this replica; of what differs the server's version stays, and what was here goes to
    /// the conflict store if the server doesn't know it.
    /// </summary>
    /// <param name="origin">The update, as the log names it.</param>
    /// <param name="server">The replica that the snapshot is of.</param>
    /// <param name="now">For the conflict store.</param>
    /// <param name="isUnsent">Whether an object was changed here and the server doesn't know it. Null, at a first join: all are.</param>
    /// <param name="moved">Names that programs gave to objects meanwhile: asked for when all others were told.</param>
    /// <returns>Names that went to the conflict store.</returns>
    int Complete(Origin origin, ulong server, DateTimeOffset now, Predicate<Fid>? isUnsent, IEnumerable<(Fid Parent, byte[] Name)> moved);
}
