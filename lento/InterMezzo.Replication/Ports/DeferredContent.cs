// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;

namespace InterMezzo.Replication.Ports;

/// <summary>
/// New content of a file that came while a program here had it open for writing: it waits for the last writer. Until
/// then it is an entry of the conflict store, so that nobody needs to send it again, and the peer's log goes on.
/// </summary>
/// <param name="Update">Names the entry.</param>
/// <param name="Object">The file.</param>
/// <param name="Peer">Who sent it.</param>
/// <param name="Log">The peer's log.</param>
/// <param name="Source">Of its record, in that log. What programs write here meanwhile knows that log below this.</param>
/// <param name="Known">Its maker knew the own log below this.</param>
/// <param name="Payload">All that came with it; the caller's.</param>
public sealed record DeferredContent(Dot Update, Fid Object, ulong Peer, LogId Log, ulong Source, ulong Known, byte[] Payload)
{
    /// <summary>What a server tells of how something stands there is no update, and has no count: where it tells so in its log is beyond all counts.</summary>
    public const ulong ToldAt = 1UL << 63;
}
