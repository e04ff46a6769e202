// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;

namespace InterMezzo.Replication.Ports;

/// <summary>How a log stands. Offsets as in the log.</summary>
/// <param name="Log">The log's name.</param>
/// <param name="First">Offset of the oldest retained record.</param>
/// <param name="Watermark">Finished records end here; readers see these alone.</param>
/// <param name="Head">The log ends here.</param>
/// <param name="Local">Highest count of this replica.</param>
/// <param name="Exact">No update can be without its record (J1); otherwise an unclean stop asks for a scan.</param>
/// <param name="Mount">What its MOUNT says.</param>
public readonly record struct JournalInfo(LogId Log, ulong First, ulong Watermark, ulong Head, ulong Local, bool Exact, MountFlags Mount)
{
    /// <summary>Number of the last record.</summary>
    public ulong Records { get; init; }

    /// <summary>Changes when a file that was found open for writing isn't any more.</summary>
    public uint Released { get; init; }
}

/// <summary>The own log. Every member may be used from any thread.</summary>
public interface IJournal
{
    JournalInfo Info { get; }

    /// <summary>
    /// Whole records from <paramref name="offset"/> up to the watermark, as many as fit, padding included. 0: the
    /// watermark is reached. A buffer of <c>KmlFormat</c>'s largest record always holds the next one.
    /// </summary>
    /// <exception cref="JournalException"/>
    int Read(ulong offset, Span<byte> buffer);

    /// <summary>Ends when the watermark is beyond <paramref name="offset"/>, and returns it. Costs nothing meanwhile.</summary>
    /// <exception cref="JournalException">The fileset was unmounted.</exception>
    ValueTask<ulong> WaitBeyondAsync(ulong offset, CancellationToken cancellationToken);

    /// <summary>Ends when <see cref="JournalInfo.Released"/> isn't <paramref name="seen"/>, and returns it. Costs nothing meanwhile.</summary>
    /// <exception cref="JournalException">The fileset was unmounted.</exception>
    ValueTask<uint> WaitReleasedAsync(uint seen, CancellationToken cancellationToken);

    /// <summary>Makes tree and log durable, unless the log is below an offset; everything below the offset returned survives a power cut.</summary>
    ulong Sync(ulong below);

    /// <summary>Journals a MARK with this payload.</summary>
    /// <param name="payload">The caller's.</param>
    /// <param name="taken">Counts of this replica up to here are taken, whatever the log says: the next update gets a higher one.</param>
    void Mark(ReadOnlySpan<byte> payload, ulong taken = 0);

    /// <summary>It is written here; otherwise by somebody else, and <see cref="Mark"/> isn't possible.</summary>
    bool TakesMarks { get; }

    /// <summary>Records below the offset may go.</summary>
    void Trim(ulong offset);
}

public enum JournalFault
{
    /// <summary>The offset lies below the oldest retained record.</summary>
    Trimmed,

    /// <summary>No record starts there, or the record there is damaged.</summary>
    Damaged,

    /// <summary>Nothing is mounted on the device.</summary>
    Gone,
}

public sealed class JournalException(JournalFault fault, ulong offset, string message) : IOException(message)
{
    public JournalFault Fault { get; } = fault;

    public ulong Offset { get; } = offset;
}
