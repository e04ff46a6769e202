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
public sealed record Conflict(Dot Loser, Dot Winner, string Reason, DateTimeOffset When, Fid Object, Fid Parent, byte[] Name);

/// <param name="Conflict">What is known of it.</param>
/// <param name="Directory">Below the conflict store: replica-counter.</param>
/// <param name="Kept">What stands there, apart from the description: names.</param>
/// <param name="Path">Path of the name in the tree when the conflict was found.</param>
public sealed record KeptConflict(Conflict Conflict, string Directory, IReadOnlyList<byte[]> Kept, byte[] Path);

/// <summary>
/// The losing versions, in <c>.intermezzo/FILESET/conflicts/REPLICA-COUNTER/</c>, each with a description beside it:
/// the directory is the list, there is no second one. Any thread.
/// </summary>
public interface IConflictStore
{
    IReadOnlyList<KeptConflict> List();

    /// <summary>The file that is kept of an update that lost. Null: there is none.</summary>
    ITreeObject? Open(Dot loser);
}
