// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform;

/// <summary>A plain directory: it receives, or is served read-only; what changes in it is journaled nowhere.</summary>
public sealed class PlainReplica : ReplicaBase
{
    private PlainReplica(Parts parts, ApplyOptions options)
        : base(parts, LogId.None, options)
    {
    }

    public override IJournal? Journal => null;

    public override ITreeScan? Scan => null;

    /// <param name="path">The directory.</param>
    /// <param name="fileset">Which fileset it holds.</param>
    /// <param name="self">This replica.</param>
    /// <param name="stateDirectory">Where its index lives: it is this replica's memory of what it has.</param>
    /// <param name="options">What is taken from peers.</param>
    public static PlainReplica Open(string path, string fileset, ulong self, string stateDirectory, ApplyOptions? options = null) =>
        Open(path, fileset, self, stateDirectory, options, root => new PlainContext(root));

    /// <summary>The same with a context that may know of programs.</summary>
    internal static PlainReplica Open(
        string path, string fileset, ulong self, string stateDirectory, ApplyOptions? options, Func<ReplicaRoot, IOperationContext> context)
    {
        Directory.CreateDirectory(stateDirectory);
        var root = new ReplicaRoot(path, fileset, self);
        try
        {
            var index = SqliteIndex.Open(Path.Combine(stateDirectory, $"{fileset}.db"), self, isOnlyMemory: true, out var wasLost);
            return new PlainReplica(new Parts(root, index, wasLost, context(root), null), options ?? new ApplyOptions());
        }
        catch
        {
            root.Dispose();
            throw;
        }
    }

    public override void CatchUp(RecordObserver? observer)
    {
        base.CatchUp(observer);
        if (OwnIndex.WasInterrupted && !IndexWasLost)
        {
            // What was applied since the last flush stands in the tree, and is applied again: it must be found there.
            new IndexRebuild(Objects).Run();
        }

        foreach (var redo in OwnApplier.ListInterrupted())
        {
            OwnApplier.FinishInterrupted(redo, isSettled: false, seen: 0);
        }

        OwnApplier.Flush();
    }
}
