// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Replication.Ports;

/// <summary>Whether programs may change the tree.</summary>
public enum GateState : uint
{
    /// <summary>They do.</summary>
    Open = 0,

    /// <summary>They wait, and <see cref="IGate.Wanted"/> grows.</summary>
    Ask = 1,

    /// <summary>They are refused: EROFS.</summary>
    Shut = 2,
}

/// <summary>Before every update of a program. What is applied for peers passes it always. Any thread.</summary>
public interface IGate
{
    /// <summary>Grows when a program has to ask.</summary>
    uint Wanted { get; }

    /// <summary>
    /// Turns it. Unless it is opened, returns when no program's update is under way any more, and all content is closed
    /// off in the log.
    /// </summary>
    /// <param name="state">From now on.</param>
    /// <param name="otherwise">What it becomes when this daemon is gone, or leaves a program without an answer: Open or Shut.</param>
    /// <param name="patience">So long a program waits for an answer.</param>
    /// <exception cref="IOException">The file system below is frozen, and content isn't closed off.</exception>
    void Turn(GateState state, GateState otherwise, TimeSpan patience);

    /// <summary>Ends when <see cref="Wanted"/> isn't <paramref name="seen"/>, and returns it. Costs nothing meanwhile.</summary>
    /// <exception cref="JournalException">The fileset was unmounted.</exception>
    ValueTask<uint> WaitWantedAsync(uint seen, CancellationToken cancellationToken);
}
