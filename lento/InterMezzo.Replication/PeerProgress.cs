// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Replication;

/// <summary>
/// How far this replica is with each peer's log, as its own log tells it: feed
/// it the own log in order, from the start or from where a saved state ends.
/// </summary>
public sealed class PeerProgress
{
    private readonly Dictionary<ulong, PeerState> _peers = [];

    /// <summary>The updates this replica has, its own included.</summary>
    public VersionVector Vector { get; } = new();

    public IEnumerable<KeyValuePair<ulong, PeerState>> Peers => _peers;

    /// <summary>Of a replica that has a server: the last one. 0: no batch of any has been applied.</summary>
    public ulong Server { get; private set; }

    public PeerState? this[ulong peer] => _peers.GetValueOrDefault(peer);

    public void OnMark(ProgressMark mark)
    {
        if (mark.Joins)
        {
            return;
        }

        Vector.Merge(mark.Vector);
        Server = mark.OfServer ? mark.Peer : Server;
        _peers[mark.Peer] = new PeerState(mark.Position, mark.Source, mark.Partial, mark.Echo, mark.Check, mark.Former);
    }

    /// <summary>A record that was applied from <paramref name="peer"/>, or made here (source 0).</summary>
    /// <param name="peer">Whose log <paramref name="source"/> is an offset in.</param>
    /// <param name="replica">Who made the update.</param>
    /// <param name="counter">Its count there.</param>
    /// <param name="source">0: made here.</param>
    /// <param name="partial">More operations of the update follow.</param>
    public void OnRecord(ulong peer, ulong replica, ulong counter, ulong source, bool partial)
    {
        if (source != 0)
        {
            var state = _peers.GetValueOrDefault(peer);
            _peers[peer] = (state ?? PeerState.Nothing).Applied(source, partial);
        }

        if (counter != 0 && !partial)
        {
            Vector.Advance(replica, counter);
        }
    }
}

/// <param name="Batch">Everything below is applied: where the last whole batch ended.</param>
/// <param name="Source">The last record of the peer's log applied beyond it, 0: none.</param>
/// <param name="Partial">That record is applied in part only.</param>
/// <param name="Echo">The own log below this was in the peer's log below the batch's end.</param>
/// <param name="Check">Of the peer's log, where the batch ended.</param>
/// <param name="Former">At a server: where the peer's log was before it went back in time. At a client: where the own log was when it joined.</param>
public sealed record PeerState(Position Batch, ulong Source, bool Partial, ulong Echo, uint Check = 0, LogPlace Former = default)
{
    public static PeerState Nothing { get; } = new(default, 0, false, 0);

    /// <summary>Records of the peer's log up to this one need not be applied again.</summary>
    public ulong Done => Source == 0 ? 0 : Partial ? Source - 1 : Source;

    /// <summary>An older one has waited meanwhile (<see cref="DeferredContents"/>): that says nothing new.</summary>
    public PeerState Applied(ulong source, bool partial) => source < Source ? this : this with { Source = source, Partial = partial };
}
