// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;

namespace InterMezzo.Replication.Ports;

/// <summary>What an operation is done for: journaled with it.</summary>
/// <param name="Dot">The update.</param>
/// <param name="Source">Offset of its record in the peer's log.</param>
/// <param name="Partial">More operations of the same update follow.</param>
public readonly record struct Origin(Dot Dot, ulong Source, bool Partial = false)
{
    /// <summary>The caller has judged the own log below this offset: what somebody has changed since isn't touched. 0: doesn't matter.</summary>
    public ulong Seen { get; init; }

    /// <summary>Whose log <see cref="Source"/> is an offset in. 0: the maker's.</summary>
    public ulong Peer { get; init; }

    /// <summary>Attributes that are so already are set once more: the log must tell of it.</summary>
    public bool SetsAnyway { get; init; }

    /// <summary>What enters is here: if it isn't (any more), it isn't made.</summary>
    public bool MakesNothing { get; init; }

    /// <summary>What is left on the directories whose entries change. Null: they keep their mtime.</summary>
    public ParentTime? Parents { get; init; }

    public Origin AsPart => this with { Partial = true };

    /// <summary>An operation elsewhere in the tree that makes room for the update.</summary>
    public Origin Aside => this with { Partial = true, Parents = null };
}

/// <param name="Time">The mtime of the directories whose entries an update changes.</param>
/// <param name="KeepFirst">The first one keeps its own: a change of it made here wins.</param>
/// <param name="KeepSecond">The same for the second one, the target of a rename.</param>
/// <param name="Yield">One that somebody changes before the operation keeps its own, too.</param>
public readonly record struct ParentTime(KmlTime Time, bool KeepFirst, bool KeepSecond, bool Yield);

public enum ApplyStatus
{
    /// <summary>Done.</summary>
    Applied,

    /// <summary>The tree is as the update says; nothing was done.</summary>
    AlreadySo,

    /// <summary>The object isn't here. Subject: the object.</summary>
    MissingObject,

    /// <summary>A directory that the update names isn't here. Subject: the directory.</summary>
    MissingParent,

    /// <summary>A local program has the file open for writing. Subject: the file.</summary>
    Busy,

    /// <summary>Somebody has changed the object beyond what the caller has seen: look again. Nothing was done.</summary>
    Changed,

    /// <summary>The name belongs to another object. Subject: that one; Parent and Name say where.</summary>
    NameTaken,

    /// <summary>The directory holds entries that the update doesn't know of. Subject: the directory.</summary>
    NotEmpty,

    /// <summary>The object is here, but not under the name that the update means. Subject: the object.</summary>
    Elsewhere,

    /// <summary>The object isn't of the kind that the operation needs (a directory as parent, ...). Subject: it.</summary>
    WrongKind,

    /// <summary>The directory would move into itself. Subject: the directory.</summary>
    Cycle,

    /// <summary>The fileset, or the file system, doesn't take this: see Errno. Subject: the object.</summary>
    Refused,
}

/// <param name="Status">What became of the update.</param>
/// <param name="Subject">The object that stood in the way.</param>
/// <param name="Parent">NameTaken: the directory.</param>
/// <param name="SecondName">NameTaken: it is the record's second name (the destination of a rename).</param>
/// <param name="Errno">Refused: the file system's answer, 0 if the fileset itself refuses.</param>
/// <param name="Named">
/// Applied: it was done by one operation on all the directories that the update tells of. (An object that was set aside
/// enters one directory, and leaves none.)
/// </param>
public readonly record struct ApplyOutcome(
    ApplyStatus Status, Fid Subject = default, Fid Parent = default, bool SecondName = false, int Errno = 0, bool Named = false)
{
    public static ApplyOutcome Applied => new(ApplyStatus.Applied);

    public static ApplyOutcome AppliedToNames => new(ApplyStatus.Applied, Named: true);

    public static ApplyOutcome AlreadySo => new(ApplyStatus.AlreadySo);

    /// <summary>The tree is as the update says.</summary>
    public bool IsDone => Status is ApplyStatus.Applied or ApplyStatus.AlreadySo;
}

/// <param name="Name">Of an entry.</param>
/// <param name="Fid">What stands there.</param>
/// <param name="Attr">Type and number of names of that.</param>
public readonly record struct EntryHere(byte[] Name, Fid Fid, KmlAttr Attr);

/// <summary>
/// Changes the tree on behalf of other replicas. Decides nothing: what doesn't fit is told, and the caller acts on
/// it. All members are for one thread, the same one always. Every operation looks before it acts, so that doing it
/// again does nothing. No FID here has replica 0.
/// </summary>
/// <remarks>
/// An IOException says that the disk didn't take it (full, read-only, broken); the operation may be done again.
/// </remarks>
public interface IApplier
{
    /// <summary>
    /// Does what a record says. DIRTY, MARK and the like are AlreadySo. LEAVE moves the object into the conflict
    /// store here as well, so that it can come back.
    /// </summary>
    /// <param name="origin">What it is done for.</param>
    /// <param name="record">The update, with FIDs that everybody understands.</param>
    /// <param name="state">CREATE .. MKNOD, ENTER, CLOSE: attributes (after a folded CLOSE) and xattrs. Null: as the record says.</param>
    /// <param name="content">Null: none travels with this record (a new file is empty, an old one stays as it is).</param>
    ApplyOutcome Apply(Origin origin, RecordView record, ObjectState? state, Content? content);

    /// <summary>
    /// An object that was fetched: it becomes part of the tree, whole (if it is here already, its state and content
    /// are brought to these).
    /// </summary>
    ApplyOutcome EnterObject(Origin origin, Fid parent, ReadOnlySpan<byte> name, Fid fid, ObjectState state, Content? content);

    /// <summary>
    /// Another name for an object (hard link), as <see cref="EnterObject"/> for its first one.
    /// </summary>
    ApplyOutcome EnterLink(Origin origin, Fid parent, ReadOnlySpan<byte> name, Fid fid);

    /// <summary>What is in a directory now. Null: there is no such directory here.</summary>
    IReadOnlyList<EntryHere>? Entries(Fid directory);

    /// <summary>Whether a file holds a content already, and would be left as it is.</summary>
    bool Holds(Fid fid, ObjectState state, Content content);

    /// <summary>An operation on names leaves the mtime of <see cref="Origin.Parents"/> by itself: see <see cref="ApplyOutcome.Named"/>.</summary>
    bool SetsParentTimes { get; }

    /// <summary>
    /// Notes the mtime an operation left on a directory, or gave it; only the last one of each counts. Null: it has
    /// been set.
    /// </summary>
    void NoteParentTime(Fid directory, KmlTime? time);

    /// <summary>
    /// Sets the noted mtimes, as parts of the given update. To be called before the end of a batch, once for all of
    /// it: each directory costs one operation however many records were about it.
    /// </summary>
    void ApplyParentTimes(Origin origin);

    /// <summary>
    /// Moves the object at a name, or one that was set aside, with all below it, out of the tree into the conflict store,
    /// whole. It keeps its FID, so later updates about it find it there.
    /// </summary>
    /// <param name="expected">What must be there, or aside; otherwise NameTaken or AlreadySo (nothing there).</param>
    ApplyOutcome EvictToConflictStore(Origin origin, Fid parent, ReadOnlySpan<byte> name, Fid expected, Conflict conflict);

    /// <summary>An object is in the conflict store because a program here had it open for writing.</summary>
    bool IsKeptOpen(Fid fid);

    /// <summary>Keeps a copy of an object's present content and state, before another version takes its place.</summary>
    ApplyOutcome CopyToConflictStore(Fid fid, Conflict conflict);

    /// <summary>
    /// Keeps an update that is not applied: the record, its state and content. With <paramref name="asObject"/> (its
    /// creation lost) the object lives on in the conflict store under its FID, and later updates about it apply there.
    /// </summary>
    void PreserveIncoming(RecordView record, ObjectState? state, Content? content, Conflict conflict, bool asObject);

    /// <summary>
    /// The user has decided: what is kept for a conflict goes for good, after all that was done up to now is durable. False: it
    /// isn't as it was when its stamp was taken; nothing was done.
    /// </summary>
    bool DropKept(string id, ulong stamp);

    /// <summary>Remembers what was resolved, in place of what was remembered; durable before the next that is dropped goes.</summary>
    void NoteResolved(ResolvedConflicts resolved);

    /// <summary>
    /// The same for new content of a file that is open for writing here. Done again after a crash, it is there once.
    /// </summary>
    void Defer(DeferredContent deferred, RecordView record, ObjectState? state, Content? content, Conflict conflict);

    /// <summary>It is applied, or a later one has come: its entry goes, as a whole.</summary>
    void DropDeferred(Dot update);

    /// <summary>It has lost: its entry stays, and is that of a conflict from now on.</summary>
    void KeepDeferred(Dot update, Conflict conflict);

    /// <summary>
    /// Takes an object out of the way without calling it a conflict: a record that follows gives it its place (replay
    /// on a snapshot that was taken while the tree changed). A RENAME, LINK or ENTER of it finds it.
    /// </summary>
    ApplyOutcome SetAside(Origin origin, Fid parent, ReadOnlySpan<byte> name, Fid expected);

    /// <summary>The same for an object wherever it stands. MissingObject: nobody knows where, or it has gone.</summary>
    ApplyOutcome SetAside(Origin origin, Fid fid);

    /// <summary>Objects set aside that got no place.</summary>
    IReadOnlyList<Fid> Aside { get; }

    /// <summary>Removes an object that was set aside: it is gone at the origin too, or will be fetched.</summary>
    void DropAside(Fid fid);

    /// <summary>Makes all that was applied durable, once per batch, and the index with it. Then the caller acknowledges.</summary>
    void Flush();
}
