// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform;

/// <summary>What a fileset takes from its peers.</summary>
/// <param name="AllowDevices">Device nodes too: who may write to the fileset elsewhere can then make any device here.</param>
public sealed record ApplyOptions(bool AllowDevices = true);

/// <summary>
/// Changes the tree by identity: a directory is found by FID and held open, a name in it is one component, and what
/// stands there is looked at before it is touched. No path is ever walked, so nothing planted on one leads astray.
/// </summary>
/// <remarks>
/// Crash argument. A new object is whole before it gets its name; a name changes by one system call; new content
/// enters by a rename. So after a crash each operation has happened or not, and doing it again looks first. Content
/// that must be written in place (hard links) is durable beside it before, and written again at start.
/// </remarks>
internal sealed partial class Applier : IApplier, IDisposable
{
    private readonly ObjectTable _objects;
    private readonly ReplicaRoot _root;
    private readonly IOperationContext _context;
    private readonly ConflictStore _conflicts;
    private readonly ApplyOptions _options;
    private readonly LogId _log;
    private readonly DirectoryCache _directories;
    private readonly ObjectMaker _maker;

    /// <param name="objects">Where everything is.</param>
    /// <param name="context">For whom it is done.</param>
    /// <param name="log">The own log, if there is one.</param>
    /// <param name="conflicts">Where losing versions go.</param>
    /// <param name="options">What is taken.</param>
    internal Applier(ObjectTable objects, IOperationContext context, LogId log, ConflictStore conflicts, ApplyOptions options)
    {
        _log = log;
        _objects = objects;
        _root = objects.Root;
        _context = context;
        _conflicts = conflicts;
        _options = options;
        _directories = new DirectoryCache(objects.Find);
        _maker = new ObjectMaker(_root);
    }

    internal ObjectMaker Maker => _maker;

    internal DirectoryCache Directories => _directories;

    public ApplyOutcome Apply(Origin origin, RecordView record, ObjectState? state, Content? content) =>
        DespiteFlags(origin, record, state, content);

    private ApplyOutcome ApplyOnce(Origin origin, RecordView record, ObjectState? state, Content? content)
    {
        record.TryGetObject(out var subject);
        record.TryGetParent(out var parent);
        switch (record.Op)
        {
            case Op.Create or Op.Mkdir or Op.Symlink or Op.Mknod:
                return record.TryGetMade(out var made)
                    ? Enter(origin, new Place(parent.Fid, record.Name), made.Fid, state ?? RecordState.OfMade(record), content, Existing.Keep, default)
                    : Refuse(default, Errno.EINVAL);
            case Op.Enter:
                record.TryGetReplaced(out var replaced);
                return ApplyEnter(origin, record, subject, state, content, replaced.Fid);
            case Op.Link:
                return Link(origin, new Place(parent.Fid, record.Name), subject.Fid);
            case Op.Unlink or Op.Rmdir:
                return Remove(origin, new Place(parent.Fid, record.Name), subject.Fid, record.Op == Op.Rmdir, RecordFacts.Kind(record) == UpdateKind.Removes);
            case Op.Rename:
                return Rename(origin, record, subject.Fid);
            case Op.SetAttr:
                return ApplySetAttr(origin, record, subject.Fid, state, content);
            case Op.SetXattr:
                return SetXattr(origin, subject.Fid, record.XattrName, record.XattrValue);
            case Op.RemoveXattr:
                return RemoveXattr(origin, subject.Fid, record.XattrName);
            case Op.Close:
                return ApplyClose(origin, record, subject.Fid, state, content);
            case Op.List:
                return ApplyListState(origin, record, subject.Fid, state);
            case Op.Leave:
                return ApplyLeave(origin, record, subject.Fid);
            default:
                return ApplyOutcome.AlreadySo;
        }
    }

    public ApplyOutcome EnterObject(Origin origin, Fid parent, ReadOnlySpan<byte> name, Fid fid, ObjectState state, Content? content) =>
        Enter(origin, new Place(parent, name), fid, state, content, Existing.Update, default);

    public ApplyOutcome EnterLink(Origin origin, Fid parent, ReadOnlySpan<byte> name, Fid fid) => Link(origin, new Place(parent, name), fid);

    public void Flush()
    {
        var offset = _objects.Sync(_context.Sync);
        _objects.Index.Commit(_log, offset);
        DropRedone();
    }

    public void Dispose() => _directories.Dispose();

    /// <summary>The outcome that an errno of an operation on the tree means. Trouble of the disk is thrown.</summary>
    private static ApplyOutcome Fail(int result, string call, Fid subject) => -result switch
    {
        Errno.EBUSY or Errno.ETXTBSY => new(ApplyStatus.Busy, subject),
        Errno.EAGAIN => new(ApplyStatus.Changed, subject),
        Errno.ENOSPC or Errno.EDQUOT or Errno.EIO or Errno.EROFS or Errno.EMFILE => throw new SysException(-result, call, subject.ToString()),
        _ => Refuse(subject, -result),
    };

    private static ApplyOutcome Refuse(Fid subject, int errno) => new(ApplyStatus.Refused, subject, Errno: errno);

    private static ApplyOutcome Missing(Fid fid) => new(ApplyStatus.MissingObject, fid);

    private static ApplyOutcome Taken(Fid fid, scoped in Place place, bool second = false) => new(ApplyStatus.NameTaken, fid, place.Parent, second);

    /// <summary>Null: it isn't here, and <paramref name="failure"/> says so.</summary>
    private Fd? OpenParent(scoped in Place place, out ApplyOutcome failure)
    {
        if (place.Parent == _root.Fid && place.Name.SequenceEqual(ReplicaRoot.ControlName))
        {
            failure = Refuse(place.Parent, Errno.EPERM);
            return null;
        }

        if (!Names.IsValid(place.Name))
        {
            failure = Refuse(place.Parent, Errno.EINVAL);
            return null;
        }

        var fd = _directories.Open(place.Parent, out var isOther);
        failure = isOther ? new ApplyOutcome(ApplyStatus.WrongKind, place.Parent) : new ApplyOutcome(ApplyStatus.MissingParent, place.Parent);
        return fd;
    }

    /// <summary>A name in a directory.</summary>
    private readonly ref struct Place(Fid parent, ReadOnlySpan<byte> name)
    {
        internal Fid Parent { get; } = parent;

        internal ReadOnlySpan<byte> Name { get; } = name;
    }

    /// <summary>What to do with an object that should be made, and is here.</summary>
    private enum Existing
    {
        /// <summary>Only content that travels with it counts: later records tell the rest.</summary>
        Keep,

        /// <summary>It becomes as described.</summary>
        Update,
    }
}
