// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Lento.Control;

/// <summary>Answers the question "is everything made until now everywhere?".</summary>
internal interface ISyncBarrier
{
    /// <summary>
    /// Ends when all that was journaled before the call, here and at the connected peers, is durable at this end and at
    /// theirs. A client without its server waits for it; a server doesn't wait for clients that aren't connected.
    /// When the token is cancelled it ends with what is missing, not with an exception.
    /// </summary>
    Task<SyncResult> WaitAsync(CancellationToken cancellationToken);
}

/// <param name="InSync">All connected peers have everything, and so have we.</param>
/// <param name="Missing">What isn't in sync, a line for each peer, for people. A server's unconnected clients are told here even if <see cref="InSync"/>.</param>
internal sealed record SyncResult(bool InSync, IReadOnlyList<string> Missing);
