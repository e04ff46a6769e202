// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Replication;

/// <summary>Whose update meets whose.</summary>
public enum Side
{
    /// <summary>A client's update arrives at the server, which has one that the client didn't know.</summary>
    Server,

    /// <summary>The server's update arrives at a client, which has one that the server didn't know.</summary>
    Client,
}

/// <summary>What an update is, as far as conflicts are concerned.</summary>
public enum UpdateKind
{
    /// <summary>CREATE, MKDIR, SYMLINK, MKNOD, ENTER of a new object.</summary>
    Creates,

    /// <summary>UNLINK of the last name, RMDIR, LEAVE.</summary>
    Removes,

    /// <summary>CLOSE, ENTER of a known object.</summary>
    Writes,

    /// <summary>SETATTR: mode, owner, times; the length, which is content.</summary>
    Sets,

    /// <summary>SETXATTR, REMOVEXATTR.</summary>
    Tags,

    Renames,
    Links,

    /// <summary>UNLINK of one of several names, and whatever else there is.</summary>
    Changes,
}

/// <summary>What happens to the update that arrived, and to what is here.</summary>
public enum Verdict
{
    /// <summary>It is applied.</summary>
    Apply,

    /// <summary>It isn't applied; its bytes are kept.</summary>
    KeepIncoming,

    /// <summary>The same, and the object that it makes lives on in the conflict store: later updates about it go there.</summary>
    KeepIncomingObject,

    /// <summary>What is here is copied to the conflict store, then it is applied.</summary>
    CopyLocal,

    /// <summary>The object that it would remove moves to the conflict store, whole.</summary>
    EvictLocal,
}

/// <summary>What happens to new content that waits for a file's last writer.</summary>
public enum DeferredVerdict
{
    /// <summary>It goes on waiting: for the writer, or for the server to judge what he wrote.</summary>
    Wait,

    /// <summary>It is applied.</summary>
    Apply,

    /// <summary>What is here is copied to the conflict store, then it is applied.</summary>
    CopyLocal,

    /// <summary>It has lost, and stays in the conflict store.</summary>
    Lose,

    /// <summary>The file is gone at its maker's as well: nothing is kept.</summary>
    Drop,
}

/// <summary>
/// Who gives way when two updates disagree: the server's version stays in the
/// tree, the other is kept in the conflict store of the replica that sees it
/// lose. Both ends decide alike, because both see the same two updates.
/// </summary>
public static class ConflictRules
{
    /// <summary>As <see cref="ConflictClasses"/> has it; what isn't there (two of these at once) by the same principle.</summary>
    public static Verdict Decide(Side side, UpdateKind kind, FacetKind? clash) => (side, kind, clash) switch
    {
        (_, _, null) => Verdict.Apply,
        _ when ConflictClasses.Find(side, kind, clash.Value) is { } known => side == Side.Server ? known.Server : known.Client,
        (Side.Server, UpdateKind.Creates, _) => Verdict.KeepIncomingObject,
        (Side.Server, _, _) => Verdict.KeepIncoming,
        (_, _, FacetKind.Content) => Verdict.CopyLocal,
        _ => Verdict.Apply,
    };

    /// <summary>
    /// The same for new content that waits. A client waits on until the server has judged what was written here meanwhile:
    /// until then that is sent as the work of somebody who didn't know the server's version.
    /// </summary>
    /// <param name="side">Where it waits.</param>
    /// <param name="isHere">The file is.</param>
    /// <param name="isOpen">A program has it open for writing.</param>
    /// <param name="clash">What here disagrees with it.</param>
    /// <param name="judged">The peer has judged the own log below this.</param>
    public static DeferredVerdict DecideDeferred(Side side, bool isHere, bool isOpen, Clash? clash, ulong judged) => (side, clash?.Facet.Kind) switch
    {
        _ when !isHere => clash is null ? DeferredVerdict.Drop : DeferredVerdict.Lose,
        (Side.Server, FacetKind.Content or FacetKind.Existence) => DeferredVerdict.Lose,
        _ when isOpen => DeferredVerdict.Wait,
        (Side.Client, FacetKind.Content) => clash!.Value.Offset < judged ? DeferredVerdict.CopyLocal : DeferredVerdict.Wait,
        _ => DeferredVerdict.Apply,
    };

    /// <summary>
    /// New content comes with all the attributes that its maker saw. Where they were changed here, and he didn't know, those
    /// that are here stay: at the server always, at a client unless the maker set his own as well.
    /// </summary>
    public static bool KeepsAttributes(Side side, bool makerSetsThem, bool changedHere) => changedHere && (side == Side.Server || !makerSetsThem);

    /// <summary>What the conflict is called, for people: what the loser did, and what the winner did, as "content/remove".</summary>
    /// <param name="side">Where it is found.</param>
    /// <param name="kind">What arrived.</param>
    /// <param name="clash">What it disagrees about.</param>
    /// <param name="other">With which update. Null: it isn't known any more.</param>
    public static string Name(Side side, UpdateKind kind, FacetKind clash, UpdateKind? other)
    {
        var (loser, winner) = side == Side.Server ? (kind, other) : (other, (UpdateKind?)kind);
        return ConflictClasses.Find(side, kind, clash, other)?.Name ?? $"{Word(loser, clash)}/{Word(winner, clash)}";
    }

    private static string Word(UpdateKind? kind, FacetKind clash) => (kind, clash) switch
    {
        (UpdateKind.Removes, _) => "remove",
        (_, FacetKind.Content) or (UpdateKind.Writes, _) => "content",
        (UpdateKind.Tags, _) or (null, FacetKind.Xattr) => "xattr",
        (UpdateKind.Sets, _) or (null, FacetKind.Attributes) => "attribute",
        (UpdateKind.Renames, _) => "rename",
        (UpdateKind.Links, _) => "link",
        (null, FacetKind.Existence) => "remove",
        _ => "name",
    };
}
