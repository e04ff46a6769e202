// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Lento.Replication;

/// <summary>
/// A plain directory whose changes somebody else writes to a log file: serves
/// it live. Nothing is applied here.
/// </summary>
internal sealed class LoggedDirectory(IReplica directory, KmlFileJournal journal) : IReplica
{
    public string Fileset => directory.Fileset;

    public ulong Self => directory.Self;

    public IJournal Journal => journal;

    public IReplicaTree Tree { get; } = new LoggedTree(directory.Tree, journal);

    public IApplier Applier => directory.Applier;

    public IContentStage Stage => directory.Stage;

    public IJoin Join => directory.Join;

    public IIndex Index => directory.Index;

    public IConflictStore Conflicts => directory.Conflicts;

    /// <summary>Whoever writes the log tells what is in it.</summary>
    public ITreeScan? Scan => null;

    public void CatchUp(RecordObserver? observer) => directory.CatchUp(observer);

    public void Dispose()
    {
        journal.Dispose();
        directory.Dispose();
    }
}

/// <summary>
/// The tree of such a directory. It opens only what it has met on a walk, so that a peer can't reach the rest of the
/// disk; an object that it doesn't know, while the log has grown, is looked for by walking again.
/// </summary>
internal sealed class LoggedTree(IReplicaTree tree, KmlFileJournal journal) : IReplicaTree
{
    private readonly Lock _gate = new();

    // guarded by _gate
    private ulong _walked;

    public Fid Root => tree.Root;

    public ITreeObject? Open(Fid fid)
    {
        if (tree.Open(fid) is { } known)
        {
            return known;
        }

        lock (_gate)
        {
            var end = journal.Info.Watermark;
            if (end != _walked)
            {
                foreach (var entry in tree.Walk())
                {
                    // Meeting an object is all that is wanted of it.
                    _ = entry;
                }

                _walked = end;
            }
        }

        // Also if another thread has walked meanwhile.
        return tree.Open(fid);
    }

    public ITreeObject? OpenAt(Fid parent, ReadOnlySpan<byte> name) => tree.OpenAt(parent, name);

    public bool IsAway(Fid directory) => tree.IsAway(directory);

    public (Fid Parent, byte[] Name)? PlaceOf(Fid fid) => tree.PlaceOf(fid);

    public IEnumerable<WalkEntry> Walk(Fid? subtree = null) => tree.Walk(subtree);
}
