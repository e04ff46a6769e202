// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;

namespace InterMezzo.Platform;

/// <summary>A name in an open directory.</summary>
/// <param name="Directory">Open, as a path or more.</param>
/// <param name="Name">With NUL.</param>
/// <param name="OwnsDirectory">The directory is closed with this.</param>
/// <param name="IsAway">It is in the control directory.</param>
internal sealed record NamePlace(Fd Directory, byte[] Name, bool OwnsDirectory, bool IsAway = false) : IDisposable
{
    /// <summary>
    /// By the path that the kernel knows for an open object, if it is below the root and still right. A file opened by
    /// handle has one if somebody has looked it up by name before.
    /// </summary>
    internal static NamePlace? OfDescriptor(ObjectTable objects, Fid fid, Fd known)
    {
        Span<byte> path = stackalloc byte[4096];
        Span<byte> top = stackalloc byte[4096];
        var length = PathOf(known, path);
        var topLength = PathOf(objects.Root.Fd, top);
        if (length <= topLength + 1 || topLength <= 1 || length >= path.Length ||
            !path.StartsWith(top[..topLength]) || path[topLength] != (byte)'/')
        {
            return null;
        }

        var relative = path[(topLength + 1)..length];
        var slash = relative.LastIndexOf((byte)'/');
        var name = relative[(slash + 1)..];
        if (!Names.IsValid(name))
        {
            return null;
        }

        byte[] parentPath = slash < 0 ? [(byte)'.', 0] : [.. relative[..slash], 0];
        var result = Interop.Sys.OpenAt2Beneath(objects.Root.Fd, parentPath, OpenFlags.Path | OpenFlags.Directory);
        if (result < 0)
        {
            return null;
        }

        var first = relative.IndexOf((byte)'/') is >= 0 and var end ? relative[..end] : relative;
        var place = new NamePlace(new Fd(result), [.. name, 0], OwnsDirectory: true, IsAway: first.SequenceEqual(ReplicaRoot.ControlName));
        using var there = objects.Look(place.Directory, name, out var found);
        if (there is not null && found == fid)
        {
            return place;
        }

        place.Dispose();
        return null;
    }

    public void Dispose()
    {
        if (OwnsDirectory)
        {
            Directory.Dispose();
        }
    }

    /// <summary>By the paths that the kernel knows.</summary>
    internal static bool IsBelow(Fd top, Fd directory)
    {
        Span<byte> above = stackalloc byte[4096];
        Span<byte> path = stackalloc byte[4096];
        var (topLength, length) = (PathOf(top, above), PathOf(directory, path));
        return topLength > 0 && length > topLength && length < path.Length && path[topLength] == (byte)'/' && path.StartsWith(above[..topLength]);
    }

    /// <summary>Where the kernel says an open object is.</summary>
    internal static int PathOf(Fd fd, Span<byte> path)
    {
        var link = CName.OfDescriptor(fd);
        return Interop.Sys.ReadLink(link.Bytes, path);
    }
}
