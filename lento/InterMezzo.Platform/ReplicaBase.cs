// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform;

/// <summary>What both kinds of replica have in common: all but the log.</summary>
public abstract class ReplicaBase : IReplica
{
    private readonly ReplicaRoot _root;
    private readonly SqliteIndex _index;
    private readonly ObjectTable _objects;
    private readonly ConflictStore _conflicts;
    private readonly Applier _applier;

    private protected ReplicaBase(Parts parts, LogId log, ApplyOptions options)
    {
        _root = parts.Root;
        _index = parts.Index;
        IndexWasLost = parts.IndexWasLost || _index.Log != log;
        _objects = new ObjectTable(_root, _index, parts.Device is not null);
        Tree = new ReplicaTree(_objects, parts.Device);
        Stage = new ContentStage(_root);
        _conflicts = new ConflictStore(_objects);
        _applier = new Applier(_objects, parts.Context, log, _conflicts, options);
        Join = new SnapshotJoin(_objects, _applier, parts.Context);
    }

    public string Fileset => _root.Fileset;

    public ulong Self => _root.Self;

    public abstract IJournal? Journal { get; }

    public IReplicaTree Tree { get; }

    public IApplier Applier => _applier;

    public IContentStage Stage { get; }

    public IJoin Join { get; }

    public IIndex Index => _index;

    public IConflictStore Conflicts => _conflicts;

    public abstract ITreeScan? Scan { get; }

    public virtual IGate? Gate => null;

    private protected bool IndexWasLost { get; }

    private protected Applier OwnApplier => _applier;

    private protected SqliteIndex OwnIndex => _index;

    private protected ObjectTable Objects => _objects;

    public virtual void CatchUp(RecordObserver? observer)
    {
        TreeRemoval.Empty(_root.Staging, "objects\0"u8);
        _conflicts.FinishDrops();
        if (IndexWasLost)
        {
            new IndexRebuild(_objects).Run();
        }
    }

    public virtual void Dispose()
    {
        _applier.Dispose();
        _index.Dispose();
        _root.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected readonly record struct Parts(ReplicaRoot Root, SqliteIndex Index, bool IndexWasLost, IOperationContext Context, PrestoDevice? Device);
}
