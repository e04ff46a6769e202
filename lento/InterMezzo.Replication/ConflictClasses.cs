// SPDX-License-Identifier: GPL-2.0-or-later
using static InterMezzo.Replication.FacetKind;
using static InterMezzo.Replication.UpdateKind;
using static InterMezzo.Replication.Verdict;

namespace InterMezzo.Replication;

/// <summary>
/// What two replicas did, neither knowing of the other: the update that loses arrives at the server, where the other one is,
/// and the one that wins arrives at the client.
/// </summary>
/// <param name="Name">What the loser did, and what the winner did.</param>
/// <param name="Loser">The client's update.</param>
/// <param name="AtServer">What it disagrees about, when it arrives there.</param>
/// <param name="Server">What is done there then.</param>
/// <param name="Winner">The server's update.</param>
/// <param name="AtClient">What it disagrees about, when it arrives there.</param>
/// <param name="Client">What is done there then.</param>
/// <param name="Tree">What is in both trees in the end, for people.</param>
/// <param name="Kept">What is in the conflict stores.</param>
public sealed record ConflictClass(
    string Name, UpdateKind Loser, FacetKind AtServer, Verdict Server, UpdateKind Winner, FacetKind AtClient, Verdict Client, string Tree, string Kept);

/// <summary>
/// All of them, as the README has them. What isn't here is met by both replicas without a conflict (content and attributes of
/// one file, two xattrs, a rename and new content), or two of these at once. Who did the same, to the same object, has none.
/// </summary>
public static class ConflictClasses
{
    // What has a name that an object of the server's gets, is evicted when that is applied: no facet tells what it is.
    // Likewise two directories that would be moved into each other: only when one is applied it is known.
#pragma warning disable format // a table
    public static IReadOnlyList<ConflictClass> All { get; } =
    [
        //  class                  the loser   disagrees about, at the server    the winner  disagrees about, at the client
        new("content/content",     Writes,     Content,    KeepIncoming,         Writes,     Content,    CopyLocal,  "the server's content", "the other content"),
        new("content/remove",      Writes,     Existence,  KeepIncoming,         Removes,    Existence,  EvictLocal, "the file stays removed", "the content"),
        new("remove/content",      Removes,    Existence,  KeepIncoming,         Writes,     Existence,  Apply,      "the file, with that content", "that it was removed"),
        new("content/attribute",   Writes,     Attributes, Apply,                Sets,       Attributes, Apply,      "the content, the server's mode and owner", "nothing"),
        new("attribute/attribute", Sets,       Attributes, KeepIncoming,         Sets,       Attributes, Apply,      "the server's mode, owner, time", "the other ones"),
        new("attribute/remove",    Sets,       Existence,  KeepIncoming,         Removes,    Existence,  EvictLocal, "the object stays removed", "the object, what was set"),
        new("remove/attribute",    Removes,    Existence,  KeepIncoming,         Sets,       Existence,  Apply,      "the object, as it was set", "that it was removed"),
        new("xattr/xattr",         Tags,       Xattr,      KeepIncoming,         Tags,       Xattr,      Apply,      "the server's value of that name", "the other value"),
        new("xattr/remove",        Tags,       Existence,  KeepIncoming,         Removes,    Existence,  EvictLocal, "the object stays removed", "the object, the value"),
        new("remove/xattr",        Removes,    Existence,  KeepIncoming,         Tags,       Existence,  Apply,      "the object, with the value", "that it was removed"),
        new("name/name",           Creates,    Name,       KeepIncomingObject,   Creates,    Name,       Apply,      "the server's object: two files, a file and a directory, two directories", "the other one, with all in it"),
        new("name/rename",         Creates,    Name,       KeepIncomingObject,   Renames,    Name,       Apply,      "the object that the server renamed", "the one that was made under that name, with all in it"),
        new("rename/name",         Renames,    Name,       KeepIncoming,         Creates,    Name,       Apply,      "the server's new object; the other one where it was", "where it was to be"),
        new("rename/rename",       Renames,    Name,       KeepIncoming,         Renames,    Name,       Apply,      "one object: where the server has it; two onto one name: the server's, the other one where it was; two directories into each other: the server's move", "where it was to be"),
        new("rename/remove",       Renames,    Name,       KeepIncoming,         Removes,    Name,       Apply,      "the object stays removed", "where it was to be"),
        new("remove/rename",       Removes,    Name,       KeepIncoming,         Renames,    Name,       Apply,      "the object under its new name", "that it was removed"),
        new("create/remove",       Creates,    Existence,  KeepIncomingObject,   Removes,    Existence,  EvictLocal, "the directory stays removed", "what was made in it"),
        new("remove/create",       Removes,    Existence,  KeepIncoming,         Creates,    Existence,  Apply,      "the directory, with what was made in it", "that it was removed"),
        new("move/remove",         Renames,    Existence,  KeepIncoming,         Removes,    Existence,  EvictLocal, "the directory stays removed; what was moved into it where it was", "where it was to be"),
        new("remove/move",         Removes,    Existence,  KeepIncoming,         Renames,    Existence,  Apply,      "the directory, with what was moved into it", "that it was removed"),
        new("link/name",           Links,      Name,       KeepIncoming,         Creates,    Name,       Apply,      "the server's object under that name", "a copy of the other one"),
        new("name/link",           Creates,    Name,       KeepIncomingObject,   Links,      Name,       Apply,      "the server's link under that name", "the object that was made"),
        new("link/link",           Links,      Name,       KeepIncoming,         Links,      Name,       Apply,      "the server's link under that name", "a copy of the other one"),
        new("link/remove",         Links,      Existence,  KeepIncoming,         Removes,    Existence,  EvictLocal, "the object stays removed", "the object, its new name"),
        new("remove/link",         Removes,    Existence,  KeepIncoming,         Links,      Existence,  Apply,      "the object, under both names", "that it was removed"),
    ];
#pragma warning restore format

    /// <summary>What an update belongs to that arrives and disagrees. Null: none of them.</summary>
    /// <param name="side">Where it arrives.</param>
    /// <param name="kind">It.</param>
    /// <param name="about">What it disagrees about.</param>
    /// <param name="other">With which update. Null: any.</param>
    public static ConflictClass? Find(Side side, UpdateKind kind, FacetKind about, UpdateKind? other = null) => All.FirstOrDefault(it => side == Side.Server
        ? (it.Loser, it.AtServer) == (kind, about) && (other ?? it.Winner) == it.Winner
        : (it.Winner, it.AtClient) == (kind, about) && (other ?? it.Loser) == it.Loser);
}
