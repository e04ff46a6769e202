// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;

namespace InterMezzo.Replication;

/// <summary>What two updates can disagree about.</summary>
public enum FacetKind : byte
{
    Content,
    Attributes,
    Xattr,
    Name,
    Existence,

    /// <summary>The mtime of a directory, which follows from changes of its entries: nobody conflicts about it.</summary>
    DirectoryTime,
}

/// <summary>
/// One facet of one object. Names count by a 64-bit hash: should two collide,
/// an update is taken for a conflict that is none, and both versions are kept.
/// </summary>
public readonly record struct Facet(FacetKind Kind, Fid Object, ulong NameHash)
{
    public static Facet Content(Fid fid) => new(FacetKind.Content, fid, 0);

    public static Facet Attributes(Fid fid) => new(FacetKind.Attributes, fid, 0);

    public static Facet Xattr(Fid fid, ReadOnlySpan<byte> name) => new(FacetKind.Xattr, fid, Hash(name));

    /// <summary>All of an object's xattrs as one.</summary>
    public static Facet AnyXattr(Fid fid) => new(FacetKind.Xattr, fid, 0);

    public static Facet Name(Fid directory, ReadOnlySpan<byte> name) => new(FacetKind.Name, directory, Hash(name));

    public static Facet DirectoryTime(Fid fid) => new(FacetKind.DirectoryTime, fid, 0);

    public static Facet Existence(Fid fid) => new(FacetKind.Existence, fid, 0);

    /// <summary>FNV-1a.</summary>
    private static ulong Hash(ReadOnlySpan<byte> bytes)
    {
        var hash = 14695981039346656037ul;
        foreach (var b in bytes)
        {
            hash = (hash ^ b) * 1099511628211ul;
        }

        return hash;
    }
}

/// <summary>A facet that an update decides (writes) or only relies on.</summary>
public readonly record struct Touch(Facet Facet, bool Writes);

/// <param name="Facet">What two updates disagree about.</param>
/// <param name="Offset">The other update's record in the own log.</param>
public readonly record struct Clash(Facet Facet, ulong Offset);

/// <summary>
/// The facets that a range of a log touches, each with the last record that
/// did. Answers whether an update is concurrent with any of them: two updates
/// conflict when one writes what the other writes or relies on, and neither
/// was known to the maker of the other.
/// </summary>
public sealed class FacetWindow
{
    private readonly Dictionary<Facet, ulong> _written = [];
    private readonly Dictionary<Facet, ulong> _reliedOn = [];

    public int Count => _written.Count + _reliedOn.Count;

    public void Add(ReadOnlySpan<Touch> touches, ulong offset)
    {
        foreach (var touch in touches)
        {
            var last = touch.Writes ? _written : _reliedOn;
            last[touch.Facet] = offset;
        }
    }

    /// <summary>The first facet about which an update disagrees with a record at or beyond <paramref name="known"/>.</summary>
    public Clash? Find(ReadOnlySpan<Touch> touches, ulong known)
    {
        foreach (var touch in touches)
        {
            if (IsBeyond(_written, touch.Facet, known, out var offset) || (touch.Writes && IsBeyond(_reliedOn, touch.Facet, known, out offset)))
            {
                return new Clash(touch.Facet, offset);
            }
        }

        return null;
    }

    /// <summary>Forgets what everybody knows.</summary>
    public void DropBelow(ulong offset)
    {
        DropBelow(_written, offset);
        DropBelow(_reliedOn, offset);
    }

    private static bool IsBeyond(Dictionary<Facet, ulong> last, Facet facet, ulong known, out ulong offset) =>
        last.TryGetValue(facet, out offset) && offset >= known;

    private static void DropBelow(Dictionary<Facet, ulong> last, ulong offset)
    {
        foreach (var (facet, at) in last)
        {
            if (at < offset)
            {
                last.Remove(facet);
            }
        }
    }
}
