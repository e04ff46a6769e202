// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Replication.Ports;

/// <summary>
/// What this replica would have to search for otherwise. With a log it is a cache: lost, it is made anew from tree
/// and log. A plain directory has no other memory. Any thread; changes become durable with <see cref="IApplier.Flush"/>.
/// </summary>
public interface IIndex
{
    /// <summary>The own log has been read up to here, and what is saved below is as of here.</summary>
    ulong LogOffset { get; }

    /// <summary>
    /// What was flushed survives a power cut from here on: before the part of the log goes from which it could be made anew.
    /// </summary>
    void MakeDurable();

    /// <summary>The last progress saved for each peer; the payload is the caller's.</summary>
    IReadOnlyList<(ulong Peer, byte[] Payload)> LoadProgress();

    void SaveProgress(ulong peer, ReadOnlySpan<byte> payload);

    /// <summary>What <see cref="SaveScan"/> saved last; empty: nothing.</summary>
    byte[] LoadScan();

    /// <summary>Whether the tree is to be compared with the log; the payload is the caller's.</summary>
    void SaveScan(ReadOnlySpan<byte> payload);
}
