// SPDX-License-Identifier: GPL-2.0-or-later
using System.Collections.Immutable;
using InterMezzo.Journal;
using InterMezzo.Replication;

namespace InterMezzo.Platform;

/// <param name="Handle">Its inode here.</param>
/// <param name="IsComplete">Its content is.</param>
/// <param name="Attr">As the server described it.</param>
internal readonly record struct JoinedObject(ObjectHandle Handle, bool IsComplete, KmlAttr Attr);

/// <summary>What the index's database holds.</summary>
internal sealed record IndexState
{
    public static IndexState Empty { get; } = new();

    public ulong Self { get; init; }

    public LogId Log { get; init; }

    public ulong LogOffset { get; init; }

    public Fid JoinRoot { get; init; }

    public byte[] Scan { get; init; } = [];

    public ImmutableDictionary<Fid, ObjectHandle> Objects { get; init; } = ImmutableDictionary<Fid, ObjectHandle>.Empty;

    public ImmutableSortedDictionary<ulong, byte[]> Progress { get; init; } = ImmutableSortedDictionary<ulong, byte[]>.Empty;

    public ImmutableDictionary<Fid, JoinedObject> Joined { get; init; } = ImmutableDictionary<Fid, JoinedObject>.Empty;

    public ImmutableHashSet<(Fid, string)> JoinedNames { get; init; } = [];

    public ImmutableDictionary<Fid, byte[]> JoinedFlags { get; init; } = ImmutableDictionary<Fid, byte[]>.Empty;
}

/// <summary>The database on its disk: a commit isn't durable before the disk is synced, but the ones before it aren't torn.</summary>
internal sealed class IndexFile
{
    // The first is durable.
    private readonly List<IndexState> _commits = [IndexState.Empty];

    public IndexState Last => _commits[^1];

    public int Unsynced => _commits.Count - 1;

    public void Commit(IndexState state)
    {
        if (state != Last)
        {
            _commits.Add(state);
        }
    }

    public void Sync() => _commits.RemoveRange(0, _commits.Count - 1);

    /// <summary>Power is gone; so many commits reached the disk.</summary>
    public void Cut(int reached)
    {
        _commits.RemoveRange(reached + 1, _commits.Count - reached - 1);
        Sync();
    }

    /// <summary>Somebody has removed it.</summary>
    public void Lose()
    {
        _commits.Clear();
        _commits.Add(IndexState.Empty);
    }
}
