// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;

namespace InterMezzo.Replication.Ports;

/// <summary>A record of the own log, to whoever catches up from it.</summary>
public delegate void RecordObserver(ulong offset, RecordView record);

/// <summary>The fileset as it is on this machine.</summary>
public interface IReplica : IDisposable
{
    string Fileset { get; }

    /// <summary>This replica's id: what replica 0 stands for in its log.</summary>
    ulong Self { get; }

    /// <summary>Null: a plain directory; it keeps no log.</summary>
    IJournal? Journal { get; }

    IReplicaTree Tree { get; }

    IApplier Applier { get; }

    IContentStage Stage { get; }

    IJoin Join { get; }

    IIndex Index { get; }

    IConflictStore Conflicts { get; }

    /// <summary>Null: nobody can keep programs from changing the tree.</summary>
    IGate? Gate => null;

    /// <summary>Null: there is no log that could be told.</summary>
    ITreeScan? Scan { get; }

    /// <summary>
    /// To be called once, before anything else, on the applier's thread: brings the index up to the own log (making it
    /// anew if it is lost), finishes what a crash cut short, and shows each record read to the observer: those from
    /// <see cref="IIndex.LogOffset"/> on, or all that are retained if the index was lost. They are shown again next
    /// time, until what was learned from them is flushed (<see cref="IApplier.Flush"/>).
    /// </summary>
    void CatchUp(RecordObserver? observer);
}
