// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Lento.Control;

/// <summary>How a running fileset tells how it stands. Any thread; cheap enough to be asked every second.</summary>
internal interface IFilesetStatus
{
    FilesetSnapshot Snapshot();
}

/// <summary>What a fileset is about.</summary>
internal enum FilesetState
{
    /// <summary>A server, or a source: it waits for peers or serves them.</summary>
    Serving,

    /// <summary>A client without its server; see <see cref="FilesetSnapshot.Reason"/>.</summary>
    Disconnected,

    /// <summary>A client that builds its first tree.</summary>
    Joining,

    /// <summary>A client connected to its server.</summary>
    Following,

    /// <summary>Something is wrong at this end, as a full disk; see <see cref="FilesetSnapshot.Reason"/>. It is tried again.</summary>
    Failed,
}

/// <summary>The numbers of a fileset at one moment. Counts are since the daemon started, unless said otherwise.</summary>
internal sealed record FilesetSnapshot
{
    public required FilesetState State { get; init; }

    /// <summary>Why it isn't as it should be, for people; empty if it is.</summary>
    public string Reason { get; init; } = "";

    /// <summary>The own log's name; empty without one.</summary>
    public string Log { get; init; } = "";

    /// <summary>Records in the own log, ever.</summary>
    public ulong Records { get; init; }

    /// <summary>Offsets in the own log: the oldest retained record, and where finished records end.</summary>
    public ulong First { get; init; }

    public ulong Watermark { get; init; }

    public long Batches { get; init; }

    public long RecordsSent { get; init; }

    /// <summary>Of the log, what needn't be sent.</summary>
    public long RecordsCancelled { get; init; }

    public long RecordsReceived { get; init; }

    public long ContentsSent { get; init; }

    public long ContentsReceived { get; init; }

    /// <summary>On the wire, for this fileset.</summary>
    public long BytesSent { get; init; }

    public long BytesReceived { get; init; }

    /// <summary>Losing versions in the conflict store, all of them.</summary>
    public int Conflicts { get; init; }

    /// <summary>Long work that is going on (a join); null: none.</summary>
    public WorkProgress? Work { get; init; }

    public IReadOnlyList<PeerSnapshot> Peers { get; init; } = [];
}

/// <summary>How far a long work is.</summary>
/// <param name="What">As "receiving the tree".</param>
/// <param name="Done">Objects done.</param>
/// <param name="Total">Objects in all; 0: not known yet.</param>
/// <param name="Bytes">Bytes of content received for it.</param>
internal sealed record WorkProgress(string What, ulong Done, ulong Total, ulong Bytes);

/// <summary>A peer of a fileset.</summary>
/// <param name="Name">As configured.</param>
/// <param name="Connected">There is a session now.</param>
/// <param name="Replica">Its replica id; 0: not known yet.</param>
/// <param name="Sent">The peer has our log below this offset, durably.</param>
/// <param name="Received">We have its log below this offset, durably.</param>
/// <param name="Pending">Bytes of our log that it doesn't have yet.</param>
internal sealed record PeerSnapshot(string Name, bool Connected, ulong Replica, ulong Sent, ulong Received, ulong Pending);
