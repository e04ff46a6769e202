// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;

namespace InterMezzo.Replication.Ports;

public readonly record struct Xattr(byte[] Name, byte[] Value);

/// <summary>Everything about an object but its names and its content.</summary>
public sealed class ObjectState
{
    /// <summary>Type and mode, owner, size, times, rdev, nlink.</summary>
    public required KmlAttr Attr { get; init; }

    /// <summary>Where a symlink points.</summary>
    public byte[]? Target { get; init; }

    /// <summary>
    /// All of the object's, POSIX ACLs included, but for trusted.intermezzo.*. Null: not told (an applier leaves
    /// those that are there alone); empty: it has none.
    /// </summary>
    public IReadOnlyList<Xattr>? Xattrs { get; init; }
}
