// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Replication;

/// <summary>Which way a log is sent.</summary>
public enum Direction
{
    /// <summary>A client's log to its server: all that didn't come from there.</summary>
    ToServer,

    /// <summary>A server's log to a client: everything, the client's own updates as echoes.</summary>
    ToClient,
}

/// <param name="Ships">The record goes to the peer.</param>
/// <param name="Echo">In its place, the peer learns that its own log below this offset is in this log. 0: nothing.</param>
/// <param name="Asks">In its place, the peer is asked how something stands there.</param>
public readonly record struct Forward(bool Ships, ulong Echo, bool Asks = false)
{
    public static Forward Nothing => default;

    public static Forward Record => new(true, 0);

    public static Forward Echoes(ulong below) => new(false, below);

    public static Forward Question => new(false, 0, Asks: true);
}

/// <summary>What a peer gets to see of a record of the own log.</summary>
public static class Forwarding
{
    /// <param name="direction">Which way.</param>
    /// <param name="peer">To whom.</param>
    /// <param name="isUpdate">The record is an update that happened (not DIRTY, MARK, VOID, PAD, ...).</param>
    /// <param name="from">Whose log it was applied from; 0: it was made here.</param>
    /// <param name="source">Its offset in the log it came from, 0: made here.</param>
    /// <param name="partial">More operations of the same update follow.</param>
    public static Forward Decide(Direction direction, ulong peer, bool isUpdate, ulong from, ulong source, bool partial) =>
        (direction, isUpdate) switch
        {
            (_, false) => Forward.Nothing,
            (Direction.ToServer, true) => from == peer ? Forward.Nothing : Forward.Record,
            (Direction.ToClient, true) when from == peer => partial || source == 0 ? Forward.Nothing : Forward.Echoes(source + 1),
            _ => Forward.Record,
        };

    /// <summary>A MARK says that a whole batch of a peer is in the log, also what was folded or lost.</summary>
    public static Forward Decide(Direction direction, ulong peer, ProgressMark mark) =>
        direction == Direction.ToClient && mark.Peer == peer ? Forward.Echoes(mark.Position.Offset) : Forward.Nothing;

    /// <summary>An update of the client that has lost is judged as well; one of the server that found no place at the client is asked about.</summary>
    public static Forward Decide(Direction direction, ulong peer, LossMark lost) =>
        lost.Peer != peer ? Forward.Nothing : direction == Direction.ToClient ? Forward.Echoes(lost.Source + 1) : Forward.Question;
}

/// <summary>
/// What a client knew of its server's log when it made the record that follows,
/// read from the order of the client's own log.
/// </summary>
public struct KnownPosition
{
    /// <summary>The server's log below this was known.</summary>
    public ulong Below { get; private set; }

    /// <summary>A join is telling of what was here before it, and isn't through: some objects that records are about come only later.</summary>
    public bool Joining { get; private set; }

    public void OnApplied(ulong source, bool partial) => Below = Math.Max(Below, partial ? source : source + 1);

    /// <summary>A join begins anew: the server's log may have gone back in time, and what was known of it before with it.</summary>
    public void OnMark(ProgressMark mark)
    {
        Below = mark.Joins ? mark.Position.Offset : Math.Max(Below, mark.Position.Offset);
        Joining = mark.Joins;
    }
}
