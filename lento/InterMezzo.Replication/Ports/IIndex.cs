// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;

namespace InterMezzo.Replication.Ports;

/// <summary>A content that didn't come with its record.</summary>
/// <param name="Object">Whose.</param>
/// <param name="Peer">Who has it.</param>
/// <param name="Source">The record in the peer's log.</param>
public readonly record struct DeferredContent(Fid Object, ulong Peer, ulong Source);

/// <summary>
/// What this replica would have to search for otherwise. With a log it is a cache: lost, it is made anew from tree
/// and log. A plain directory has no other memory. Any thread; changes become durable with <see cref="IApplier.Flush"/>.
/// </summary>
public interface IIndex
{
    /// <summary>The own log has been read up to here, and what is saved below is as of here.</summary>
    ulong LogOffset { get; }

    /// <summary>The last progress saved for each peer; the payload is the caller's.</summary>
    IReadOnlyList<(ulong Peer, byte[] Payload)> LoadProgress();

    void SaveProgress(ulong peer, ReadOnlySpan<byte> payload);

    /// <summary>What <see cref="SaveScan"/> saved last; empty: nothing.</summary>
    byte[] LoadScan();

    /// <summary>Whether the tree is to be compared with the log; the payload is the caller's.</summary>
    void SaveScan(ReadOnlySpan<byte> payload);

    IReadOnlyList<DeferredContent> ListDeferred();

    void AddDeferred(DeferredContent content);

    void RemoveDeferred(Fid fid);
}
