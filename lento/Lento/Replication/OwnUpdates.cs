// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Lento.Replication;

/// <summary>
/// The updates in the own log that a peer may not have known: all that weren't
/// applied from the peer's. For the apply thread. Its size is that of what changed here since the peer last knew.
/// </summary>
internal sealed class OwnUpdates(IJournal journal, ulong self, ulong peer)
{
    private readonly FacetWindow _window = new();
    private readonly FacetWindow _times = new();
    private readonly FacetWindow _attributes = new();
    private readonly FacetWindow _xattrs = new();
    private readonly FacetWindow _lengths = new();

    // Whoever made them.
    private readonly FacetWindow _contents = new();

    // Files that left the tree, each as it was then: for the conflict store, or to come back.
    private readonly Dictionary<Fid, (ulong Offset, ulong Size, KmlTime Time)> _left = [];

    // What a scan found here: it stands against nobody who knows what he did.
    private readonly FacetWindow _found = new();
    private ulong _end;

    // Below this it may have been forgotten.
    private ulong _begin;

    /// <summary>The own log is looked at below this offset.</summary>
    public ulong Seen => _end;

    /// <summary>Facets of updates that it holds in memory.</summary>
    public int Count => _window.Count + _times.Count + _attributes.Count + _xattrs.Count + _lengths.Count + _contents.Count + _found.Count + _left.Count;

    /// <summary>An update of the peer, which knew the own log below an offset: what here disagrees with it.</summary>
    public Clash? Find(RecordView record, ulong known)
    {
        CatchUp(known);
        Span<Touch> touches = stackalloc Touch[RecordFacts.MaxTouches];
        return _window.Find(touches[..RecordFacts.Touches(record, self, touches)], known);
    }

    /// <summary>What a scan found here, and the peer didn't know, that its update is about. After <see cref="Find"/>.</summary>
    public Clash? FindFound(RecordView record, ulong known)
    {
        Span<Touch> touches = stackalloc Touch[RecordFacts.MaxTouches];
        return _found.Find(touches[..RecordFacts.Touches(record, self, touches)], known);
    }

    /// <summary>A scan found something at a name here, and the peer didn't know. After <see cref="Find"/>.</summary>
    public bool HasFoundName(Fid directory, ReadOnlySpan<byte> name, ulong known) => _found.Find([new Touch(Facet.Name(directory, name), true)], known) is not null;

    /// <summary>The own log is looked at, all that the peer may not know of it.</summary>
    public void CatchUpTo(ulong known) => CatchUp(known);

    /// <summary>A name was given or taken here by an update that the peer didn't know. After <see cref="Find"/>.</summary>
    public bool HasName(Fid directory, ReadOnlySpan<byte> name, ulong known) => _window.Find([new Touch(Facet.Name(directory, name), true)], known) is not null;

    /// <summary>
    /// The same, but an object that was made since and is gone again doesn't count: the peer may never hear of it
    /// (<see cref="LogOptimizer"/>), and then says nothing about the name. Neither does what takes it from another object
    /// than the one that the peer has there.
    /// </summary>
    public bool HasLastingName(Fid directory, ReadOnlySpan<byte> name, ulong known, Fid there = default)
    {
        if (!HasName(directory, name, known))
        {
            return false;
        }

        var facet = Facet.Name(directory, name);
        var (named, made, gone) = (new HashSet<Fid>(), new HashSet<Fid>(), new HashSet<Fid>());
        Span<Touch> touches = stackalloc Touch[RecordFacts.MaxTouches];
        foreach (var bytes in Since(known, _end))
        {
            var record = RecordView.Parse(bytes.Span);
            if (!IsOwnUpdate(record) || RecordFacts.IsFound(record))
            {
                continue;
            }

            var fid = RecordFacts.Object(record, self);
            if (touches[..RecordFacts.Touches(record, self, touches)].Contains(new Touch(facet, true)))
            {
                if (record.Has(FieldType.Replaced))
                {
                    return true;
                }

                if (there.IsNone || fid == there || !RecordFacts.OnlyTakes(record, self, directory, name))
                {
                    named.Add(fid);
                }
            }

            (RecordFacts.Kind(record, self) switch { UpdateKind.Creates => made, UpdateKind.Removes => gone, _ => null })?.Add(fid);
        }

        return !named.IsSubsetOf(made.Intersect(gone));
    }

    /// <summary>The peer knows what lies below; so do all its later updates, but for those about a file that was open for writing.</summary>
    public void Forget(ulong below)
    {
        _begin = Math.Max(_begin, below);
        DropBelow(below);
    }

    private void DropBelow(ulong below)
    {
        _window.DropBelow(below);
        _times.DropBelow(below);
        _attributes.DropBelow(below);
        _xattrs.DropBelow(below);
        _lengths.DropBelow(below);
        _contents.DropBelow(below);
        foreach (var (fid, _) in _left.Where(left => left.Value.Offset < below))
        {
            _left.Remove(fid);
        }

        _found.DropBelow(below);
    }

    /// <summary>The mtime of an object was set here (of a directory also by a change of its entries) by an update that the peer didn't know. After <see cref="Find"/>.</summary>
    public bool HasTimeOf(Fid fid, ulong known) => _times.Find([new Touch(Facet.DirectoryTime(fid), true)], known) is not null;

    /// <summary>An object was removed here by an update that the peer didn't know. After <see cref="Find"/>.</summary>
    public bool HasRemoved(Fid fid, ulong known) => _window.Find([new Touch(Facet.Existence(fid), false)], known) is not null;

    /// <summary>A file's length was set here by an update that the peer didn't know. After <see cref="Find"/>.</summary>
    public bool HasResized(Fid fid, ulong known) => _lengths.Find([new Touch(Facet.Content(fid), true)], known) is not null;

    /// <summary>A file got another content here, by whomever, at or beyond an offset of the own log. After <see cref="Find"/>.</summary>
    public bool HasNewContent(Fid fid, ulong from) => _contents.Find([new Touch(Facet.Content(fid), true)], from) is not null;

    /// <summary>A content that was made here by an update that the peer didn't know. After <see cref="Find"/>.</summary>
    public Clash? ContentOf(Fid fid, ulong known) => _window.Find([new Touch(Facet.Content(fid), true)], known);

    /// <summary>What of an object was set by others' updates that were applied here, and wasn't set here after that.</summary>
    /// <param name="fid">The object.</param>
    /// <param name="from">Looked for in the own log from here on.</param>
    /// <param name="source">The peer's that stand beyond this in its log.</param>
    /// <param name="others">And all of other peers.</param>
    public (KmlAttr Attributes, bool Xattrs) SetSince(Fid fid, ulong from, ulong source, bool others)
    {
        var attributes = default(KmlAttr);
        var xattrs = false;
        foreach (var bytes in Since(from, journal.Info.Watermark))
        {
            var record = RecordView.Parse(bytes.Span);
            if (IsOwnUpdate(record) && (record.Source == 0 || !others) && RecordFacts.SetsAttributes(record) &&
                RecordFacts.Object(record, self) == fid && record.TryGetAttr(out var own))
            {
                attributes = attributes with { Valid = attributes.Valid & ~own.Valid };
            }
            else if (record.Source > 0 && (RecordFacts.From(record) == peer ? record.Source > source : others) && RecordFacts.IsUpdate(record) && RecordFacts.Object(record, self) == fid)
            {
                attributes = RecordFacts.SetsAttributes(record) && record.TryGetAttr(out var attr) ? RecordFacts.Merge(attributes, attr) : attributes;
                xattrs |= record.Op is Op.SetXattr or Op.RemoveXattr;
            }
        }

        return (attributes, xattrs);
    }

    /// <summary>Mode or owner of an object were set here by an update that the peer didn't know; of a new content, too, which may go without it (<see cref="RecordFacts.AttributesAlone"/>). After <see cref="Find"/>.</summary>
    public bool HasAttributesOf(Fid fid, ulong known) => _attributes.Find([new Touch(Facet.Attributes(fid), true)], known) is not null;

    /// <summary>Which of mode and owner the own updates from an offset on gave an object.</summary>
    public AttrValid AttributesSet(Fid fid, ulong from)
    {
        const AttrValid All = AttrValid.Mode | AttrValid.Uid | AttrValid.Gid;
        AttrValid set = 0;
        foreach (var bytes in Since(from, _end))
        {
            var record = RecordView.Parse(bytes.Span);
            if (IsOwnUpdate(record) && RecordFacts.Object(record, self) == fid && record.TryGetAttr(out var attr))
            {
                set |= RecordFacts.SetsAttributes(record) ? attr.Valid & All : record.Op == Op.Close && record.Flags.HasFlag(RecordFlags.Attr) ? All : 0;
            }
        }

        return set;
    }

    /// <summary>The mtime that the own updates from an offset on gave an object last. Null: none did.</summary>
    public KmlTime? TimeSetSince(Fid fid, ulong from)
    {
        KmlTime? set = null;
        foreach (var bytes in Since(from, _end))
        {
            var record = RecordView.Parse(bytes.Span);
            if (IsOwnUpdate(record) && RecordFacts.SetsAttributes(record) && RecordFacts.Object(record, self) == fid &&
                record.TryGetAttr(out var attr) && attr.Has(AttrValid.ModifyTime))
            {
                set = attr.ModifyTime;
            }
        }

        return set;
    }

    /// <summary>Any xattr of an object was set or removed here by an update that the peer didn't know. After <see cref="Find"/>.</summary>
    public bool HasXattrsOf(Fid fid, ulong known) => _xattrs.Find([new Touch(Facet.AnyXattr(fid), true)], known) is not null;

    /// <summary>Who made the update at an offset, for the description of a conflict. Default: it is trimmed.</summary>
    public Dot DotAt(ulong offset) => LogScan.At(journal, offset) is { } record ? RecordFacts.Dot(RecordView.Parse(record), self) : default;

    /// <summary>What it was. Null: it is trimmed.</summary>
    public UpdateKind? KindAt(ulong offset) => LogScan.At(journal, offset) is { } record ? RecordFacts.Kind(RecordView.Parse(record), self) : null;

    /// <summary>It took a name of an object for another one. False: also if it is trimmed.</summary>
    public bool Replaces(ulong offset, Fid fid) => LogScan.At(journal, offset) is { } record && RecordFacts.Replaced(RecordView.Parse(record), self) == fid;

    /// <summary>Where an object that is gone, or that moved, was seen last by the own updates from an offset on.</summary>
    public (Fid Parent, byte[] Name)? LastPlace(Fid fid, ulong from) => Places(fid, from) is [.., var last] ? last : null;

    /// <summary>The last name that the own updates from an offset on gave an object was one more.</summary>
    public bool WasLinked(Fid fid, ulong from)
    {
        var wasLinked = false;
        foreach (var bytes in Since(from, _end))
        {
            var record = RecordView.Parse(bytes.Span);
            if (IsOwnUpdate(record) && record.Op is Op.Link or Op.Rename && RecordFacts.Place(record, self, fid) is not null)
            {
                wasLinked = record.Op == Op.Link;
            }
        }

        return wasLinked;
    }

    /// <summary>The names that the own updates from an offset on gave an object, or took from it. (A CLOSE may tell where it was set aside.)</summary>
    public IReadOnlyList<(Fid Parent, byte[] Name)> Places(Fid fid, ulong from)
    {
        var places = new List<(Fid, byte[])>();
        foreach (var bytes in Since(from, _end))
        {
            var record = RecordView.Parse(bytes.Span);
            if (IsOwnUpdate(record) && record.Op != Op.Close && RecordFacts.Place(record, self, fid) is { } found)
            {
                places.Add(found);
            }
        }

        return places;
    }

    private void CatchUp(ulong known)
    {
        if (_end == 0 || known < _begin)
        {
            DropBelow(ulong.MaxValue);
            (_begin, _end) = (known, Start(known));
        }

        Span<Touch> touches = stackalloc Touch[RecordFacts.MaxTouches];
        Span<Fid> directories = stackalloc Fid[2];

        // What is trimmed by now, everybody knows.
        _end = Math.Max(_end, journal.Info.First);
        foreach (var (offset, bytes) in LogScan.Records(journal, _end, journal.Info.Watermark))
        {
            var record = RecordView.Parse(bytes.Span);
            NoteContent(record, offset);

            if (IsOwnUpdate(record) && RecordFacts.IsFound(record))
            {
                _found.Add(touches[..RecordFacts.Touches(record, self, touches)], offset);
            }
            else if (IsOwnUpdate(record))
            {
                _window.Add(touches[..RecordFacts.Touches(record, self, touches)], offset);
                if (record.Op is Op.SetXattr or Op.RemoveXattr)
                {
                    _xattrs.Add([new Touch(Facet.AnyXattr(RecordFacts.Object(record, self)), true)], offset);
                }

                if (RecordFacts.SetsAttributes(record) || (record.Op == Op.Close && record.Flags.HasFlag(RecordFlags.Attr)))
                {
                    _attributes.Add([new Touch(Facet.Attributes(RecordFacts.Object(record, self)), true)], offset);
                }

                if (RecordFacts.Resizes(record))
                {
                    _lengths.Add([new Touch(Facet.Content(RecordFacts.Object(record, self)), true)], offset);
                }

                if (RecordFacts.SetsTime(record))
                {
                    _times.Add([new Touch(Facet.DirectoryTime(RecordFacts.Object(record, self)), true)], offset);
                }

                foreach (var directory in directories[..RecordFacts.ParentTimes(record, self, directories, out _)])
                {
                    _times.Add([new Touch(Facet.DirectoryTime(directory), true)], offset);
                }
            }

            _end = offset + (ulong)record.Length;
        }
    }

    private void NoteContent(RecordView record, ulong offset)
    {
        var entry = RecordFacts.Entry(record, offset, self, false);
        if (entry.Effect == ContentEffect.Leaves)
        {
            _left[entry.Object] = (offset, entry.Size, entry.Time);
        }
        else if (entry.Effect is ContentEffect.Completes or ContentEffect.Enters or ContentEffect.Resizes &&
            !(_left.Remove(entry.Object, out var left) && entry.BringsBack(left.Size, left.Time)))
        {
            _contents.Add([new Touch(Facet.Content(entry.Object), true)], offset);
        }
    }

    /// <summary>How much of the peer's log the maker of an update of this replica's knew. Null: that isn't in the log any more.</summary>
    public ulong? KnownTo(Dot update)
    {
        if (update.Replica != self)
        {
            return null;
        }

        var known = default(KnownPosition);
        foreach (var bytes in Since(0, journal.Info.Watermark))
        {
            var record = RecordView.Parse(bytes.Span);
            if (record.Source == 0 && IsOwnUpdate(record) && RecordFacts.Dot(record, self) == update)
            {
                return known.Below;
            }

            RecordFacts.Advance(ref known, record, peer);
        }

        return null;
    }

    /// <summary>It happened: what failed has a record, too.</summary>
    private bool IsOwnUpdate(RecordView record) => RecordFacts.IsUpdate(record) && RecordFacts.From(record) != peer;

    /// <summary>Records of the own log at or beyond an offset, each valid until the next is taken.</summary>
    private IEnumerable<ReadOnlyMemory<byte>> Since(ulong known, ulong end)
    {
        foreach (var (offset, record) in LogScan.Records(journal, Start(known), end))
        {
            if (offset >= known)
            {
                yield return record;
            }
        }
    }

    /// <summary>A known position may lie one byte into the record that it includes.</summary>
    private ulong Start(ulong known) => Math.Max(journal.Info.First, known & ~(ulong)(KmlFormat.Align - 1));
}
