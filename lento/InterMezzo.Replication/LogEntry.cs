// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;

namespace InterMezzo.Replication;

/// <summary>What a record does to the content of its object.</summary>
public enum ContentEffect
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>It is about to change (DIRTY).</summary>
    Opens,

    /// <summary>The object is new, its content empty.</summary>
    Begins,

    /// <summary>It is complete (CLOSE, new content that took the place of the old, a nameless file that got a name).</summary>
    Completes,

    /// <summary>The object is told of as a whole (ENTER): the peer may not have been able to make it before.</summary>
    Enters,

    /// <summary>Only its length changed (SETATTR with a size).</summary>
    Resizes,

    /// <summary>Attributes alone changed, which a later CLOSE tells again.</summary>
    Attributes,

    /// <summary>The object's last name is gone.</summary>
    Ends,

    /// <summary>A file leaves the tree (LEAVE), with its content: it may come back.</summary>
    Leaves,
}

/// <summary>A record as the planner sees it.</summary>
/// <param name="Offset">Where it stands in the log.</param>
/// <param name="Length">Its bytes in the log.</param>
/// <param name="Ships">An update that goes to the peer; otherwise the log's own business (DIRTY, MARK, VOID, ...).</param>
/// <param name="Effect">What it does to the content of <paramref name="Object"/>.</param>
/// <param name="Object">The object whose content is meant.</param>
/// <param name="Size">For Completes, Enters, Leaves and Resizes: the length of the content.</param>
/// <param name="Time">For these but Resizes: its mtime.</param>
public readonly record struct LogEntry(ulong Offset, int Length, bool Ships, ContentEffect Effect, Fid Object, ulong Size, KmlTime Time = default)
{
    /// <summary>An object that was away, or gets one more name, enters with the content that it had: length and mtime are those.</summary>
    public bool BringsBack(ulong size, KmlTime time) => Effect == ContentEffect.Enters && !Ships && (Size, Time) == (size, time);

    public ulong End => Offset + (ulong)Length;

    /// <summary>After it, the content isn't what it was before.</summary>
    public bool ChangesContent => Effect is ContentEffect.Opens or ContentEffect.Completes or ContentEffect.Enters or ContentEffect.Resizes or ContentEffect.Begins;
}
