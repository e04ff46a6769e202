// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics.CodeAnalysis;

namespace InterMezzo.Replication;

/// <summary>Which updates a replica has: of every replica all up to a count. Counts only grow.</summary>
public sealed class VersionVector : IEquatable<VersionVector>
{
    // Sorted by replica, so that equal vectors have equal bytes.
    private readonly SortedDictionary<ulong, ulong> _counts = [];

    public IReadOnlyDictionary<ulong, ulong> Counts => _counts;

    public ulong this[ulong replica] => _counts.GetValueOrDefault(replica);

    /// <summary>Notes an update. False if the vector holds it already.</summary>
    public bool Advance(ulong replica, ulong counter)
    {
        if (counter <= this[replica])
        {
            return false;
        }

        _counts[replica] = counter;
        return true;
    }

    public bool Holds(ulong replica, ulong counter) => counter <= this[replica];

    public bool Dominates(VersionVector other)
    {
        foreach (var (replica, counter) in other._counts)
        {
            if (!Holds(replica, counter))
            {
                return false;
            }
        }

        return true;
    }

    public void Merge(VersionVector other)
    {
        foreach (var (replica, counter) in other._counts)
        {
            Advance(replica, counter);
        }
    }

    public VersionVector Copy()
    {
        var copy = new VersionVector();
        copy.Merge(this);
        return copy;
    }

    public bool Equals([NotNullWhen(true)] VersionVector? other) => other is not null && _counts.SequenceEqual(other._counts);

    public override bool Equals([NotNullWhen(true)] object? obj) => Equals(obj as VersionVector);

    public override int GetHashCode() => _counts.Count == 0 ? 0 : HashCode.Combine(_counts.Count, _counts.First());

    public override string ToString() => string.Join(' ', _counts.Select(count => $"{count.Key:x}:{count.Value}"));
}
