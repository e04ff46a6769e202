// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;

namespace InterMezzo.Replication;

/// <summary>
/// Tells which contents changed while they were read. DIRTY stands in the log
/// before the first change, so the bytes read for a version are that version
/// iff the log says nothing new about the content up to a watermark sampled
/// after the reading.
/// </summary>
public sealed class ContentCheck
{
    // Keyed by object: within a batch one version of a content travels. Length and mtime are those that it had when it was last told of.
    private readonly Dictionary<Fid, (ulong Source, ulong Size, KmlTime Time)> _carriedBy = [];
    private readonly Dictionary<ulong, Fid> _dropped = [];

    /// <summary>Sources of the records whose content must be dropped.</summary>
    public IReadOnlyCollection<ulong> Dropped => _dropped.Keys;

    public bool IsEmpty => _carriedBy.Count == 0;

    /// <summary>Contents that count so far.</summary>
    public IReadOnlyList<Fid> Watched => [.. _carriedBy.Keys];

    /// <summary>Objects whose newer version the batch should extend to.</summary>
    public IReadOnlySet<Fid> Owed => _dropped.Values.ToHashSet();

    /// <summary>A content is going to be read for the record at <paramref name="source"/>; it has this length and this mtime.</summary>
    public void Watch(Fid content, ulong source, ulong size, KmlTime time) => _carriedBy[content] = (source, size, time);

    /// <summary>Another content was sent for the record, which nobody changes.</summary>
    public void Replaced(ulong source) => _dropped.Remove(source);

    /// <summary>The content could not be read as its record says (it is gone, or too short).</summary>
    public void Drop(Fid content, ulong source)
    {
        _carriedBy.Remove(content);
        _dropped[source] = content;
    }

    /// <summary>An entry of the log after the batch, below the watermark sampled after reading.</summary>
    public void Observe(in LogEntry entry)
    {
        if (!_carriedBy.TryGetValue(entry.Object, out var carried))
        {
            return;
        }

        if (entry.Effect == ContentEffect.Leaves)
        {
            _carriedBy[entry.Object] = carried with { Size = entry.Size, Time = entry.Time };
        }
        else if (entry.ChangesContent && !entry.BringsBack(carried.Size, carried.Time))
        {
            Drop(entry.Object, carried.Source);
        }
    }
}
