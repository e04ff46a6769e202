// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;

namespace InterMezzo.Replication.Ports;

/// <summary>Why a version lost, for the user.</summary>
/// <param name="Loser">The update whose version is kept in the store: names its directory there.</param>
/// <param name="Winner">The update that took its place in the tree.</param>
/// <param name="Reason">As "content/content".</param>
/// <param name="When">When it was found.</param>
/// <param name="Object">Whose.</param>
/// <param name="Parent">Where the name is, if known.</param>
/// <param name="Name">The name, if known.</param>
public sealed record Conflict(Dot Loser, Dot Winner, string Reason, DateTimeOffset When, Fid Object, Fid Parent, byte[] Name)
{
    /// <summary>The reason where a program here was writing: what it writes from then on, it writes to what is kept.</summary>
    public const string OpenForWriting = "open for writing here";

    /// <summary>The reason where another replica has taken the object out of its tree: perhaps it has yet to tell where it belongs.</summary>
    public const string MovedAway = "moved away at another replica";
}

/// <summary>What is kept of one object by one update that lost; it may have been found several times.</summary>
/// <param name="Id">For people: short, and the same as long as the conflict is there.</param>
/// <param name="Found">What is known of it, each time it was found; at least once.</param>
/// <param name="Directory">Below the conflict store: replica-counter.</param>
/// <param name="Kept">What stands there, apart from the description: names.</param>
/// <param name="Path">Path of the name in the tree when the conflict was found first.</param>
public sealed record KeptConflict(string Id, IReadOnlyList<Conflict> Found, string Directory, IReadOnlyList<byte[]> Kept, byte[] Path)
{
    /// <summary>As it was found first.</summary>
    public Conflict Conflict => Found[0];
}

/// <param name="Depth">0: the version itself; 1: what is in it, ...</param>
/// <param name="Name">Its name there.</param>
/// <param name="Inode">Where it is: what has several names is met under each.</param>
/// <param name="Object">Open until the walk goes on.</param>
public readonly record struct KeptObject(int Depth, ReadOnlyMemory<byte> Name, ulong Inode, ITreeObject Object);

public enum PlaceKind
{
    /// <summary>The object is in the tree.</summary>
    Object,

    /// <summary>It isn't; at its name something else stands.</summary>
    Other,

    /// <summary>It isn't; its name is free.</summary>
    Free,

    /// <summary>Nor is the directory that its name was in.</summary>
    NoDirectory,
}

/// <summary>Where in the tree the object of a conflict is, or would be.</summary>
/// <param name="Kind">What is there.</param>
/// <param name="Directory">Path below the root; empty: the root itself. As it was once, if there is none any more.</param>
/// <param name="Name">In it.</param>
public sealed record ConflictPlace(PlaceKind Kind, byte[] Directory, byte[] Name);

/// <summary>
/// The losing versions, in <c>.intermezzo/FILESET/conflicts/REPLICA-COUNTER/</c>, each with a description beside it:
/// the directory is the list, there is no second one. Any thread.
/// </summary>
public interface IConflictStore
{
    IReadOnlyList<KeptConflict> List();

    /// <summary>The file that is kept of an update that lost, or waits. Null: there is none.</summary>
    ITreeObject? Open(Dot loser);

    /// <summary>A kept version and all below it, parents first. Empty: it isn't there (any more).</summary>
    IEnumerable<KeptObject> Walk(KeptConflict conflict, byte[] name);

    /// <summary>The updates about the object that were not applied, as they came: records.</summary>
    IReadOnlyList<byte[]> Updates(KeptConflict conflict);

    /// <summary>Where the object of a conflict belongs, as the tree is now.</summary>
    ConflictPlace Locate(KeptConflict conflict);

    /// <summary>The path of a directory of the tree, below the root. Null: it isn't in the tree.</summary>
    byte[]? PathOf(Fid directory);

    /// <summary>A number that changes with whatever is kept.</summary>
    ulong Stamp(KeptConflict conflict);

    /// <summary>Of each version that is kept, by what other replicas know that they keep the same bytes.</summary>
    IReadOnlyList<byte[]> Digests(KeptConflict conflict);

    /// <summary>What was resolved lately, as <see cref="IApplier.NoteResolved"/> left it.</summary>
    ResolvedConflicts ReadResolved();

    /// <summary>Entries that aren't conflicts yet.</summary>
    IReadOnlyList<DeferredContent> ListDeferred();
}
