// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;

namespace InterMezzo.Replication;

/// <summary>What a record does to the life of its object.</summary>
public enum StepKind : byte
{
    /// <summary>Nothing: it is about no object.</summary>
    None,

    /// <summary>The object is new (CREATE, MKDIR, SYMLINK, MKNOD).</summary>
    Makes,

    /// <summary>The same, as a server applied it (ENTER): new, or back from a conflict.</summary>
    Enters,

    /// <summary>It has another name (LINK), or goes by another one (RENAME), and nothing gave way to it.</summary>
    Names,

    /// <summary>It has a name less, and others still.</summary>
    Unnames,

    /// <summary>Its last name is gone (UNLINK, RMDIR).</summary>
    Removes,

    /// <summary>It is the same with another content or other attributes.</summary>
    Changes,

    /// <summary>Its content is about to change (DIRTY).</summary>
    Opens,

    /// <summary>A content is complete (CLOSE, ENTER over itself); that can be told of a file that is gone.</summary>
    Completes,

    /// <summary>Anything else: what it leaves behind, nobody but a peer can tell.</summary>
    Other,

    /// <summary>All names of a directory (LIST).</summary>
    Lists,
}

/// <summary>A record as the optimiser sees it.</summary>
/// <param name="Kind">What it does.</param>
/// <param name="Object">To whom.</param>
/// <param name="Parent">The directory whose entries it changes. None: it changes no names.</param>
/// <param name="Parent2">Of a rename: the directory that it leads to.</param>
/// <param name="Replaced">What gave way, or changed places.</param>
/// <param name="Maker">Who made the update.</param>
/// <param name="IsSent">The peer gets it, or has got it; false for what came from there.</param>
/// <param name="IsLink">Of Names: the object has a name more.</param>
/// <param name="Sets">Attributes that it sets, and does nothing else.</param>
/// <param name="Xattr">The extended attribute that it sets, and does nothing else.</param>
/// <param name="Epoch">What maker and peer knew of each other: where it is the same, the peer judges alike.</param>
public readonly record struct LogStep(
    StepKind Kind, Fid Object, Fid Parent = default, Fid Parent2 = default, Fid Replaced = default, ulong Maker = 0, bool IsSent = true, bool IsLink = false,
    AttrValid Sets = 0, string? Xattr = null, ulong Epoch = 0);
