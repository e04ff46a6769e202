// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;

namespace InterMezzo.Replication;

/// <summary>A conflict about which a user has decided, at some replica.</summary>
/// <param name="Loser">The update that has lost.</param>
/// <param name="Object">Whose version it was.</param>
/// <param name="Kept">Digests of the versions that were kept of it there: those he has seen. <see cref="MaxKept"/> at most.</param>
public sealed record ResolvedConflict(Dot Loser, Fid Object, IReadOnlyList<byte[]> Kept)
{
    /// <summary>Of more versions of one object by one update nobody has heard.</summary>
    public const int MaxKept = 8;

    /// <summary>SHA-256.</summary>
    public const int DigestSize = 32;

    /// <summary>It tells which conflict it was.</summary>
    public bool IsWhole => Loser.Replica != 0 && Object.Replica != 0 && (Loser.Counter != 0 || Kept.Count > 0) && Kept.Count <= MaxKept;

    /// <summary>
    /// Whether what another replica keeps is the same, so that it may go: nothing is kept there that whoever decided
    /// hasn't seen. By which update it has lost is of no account: that one a replica may know by another's name.
    /// </summary>
    /// <param name="loser">The update; without a count (what was evicted has none), what is kept tells.</param>
    /// <param name="subject">The object.</param>
    /// <param name="kept">Digests of all versions of it there.</param>
    public bool Covers(Dot loser, Fid subject, IReadOnlyList<byte[]> kept) =>
        IsAbout(loser, subject) && (loser == Loser || kept.Count > 0) && kept.All(Has);

    /// <summary>It may be the same, as far as one sees without looking at what is kept.</summary>
    public bool IsAbout(Dot loser, Fid subject) => subject == Object && loser.Replica == Loser.Replica &&
        (loser.Counter == 0 ? Loser.Counter != 0 : loser.Counter == Loser.Counter || Loser.Counter == 0);

    /// <summary>Another one says no more than this.</summary>
    public bool Says(ResolvedConflict other) => (other.Loser, other.Object) == (Loser, Object) && other.Kept.All(Has);

    private bool Has(byte[] digest) => Kept.Any(known => known.AsSpan().SequenceEqual(digest));
}
