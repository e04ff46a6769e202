// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Protocol.Replication;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Lento.Replication;

/// <summary>
/// A LIST stands for the removals that nobody recorded: each name here that it speaks of, and doesn't have, is judged
/// as if its maker had told of its removal. A name that was made here, and that he didn't know, stays.
/// </summary>
internal sealed partial class BatchApplier
{
    // What gave way to an object that was told to stand at its name, by directory: it has another place, or is gone.
    private readonly Dictionary<Fid, List<Fid>> _displaced = [];

    /// <summary>False: something has changed meanwhile, do it anew.</summary>
    private bool ApplyList(IncomingRecord record, RecordView view, Origin origin)
    {
        var directory = RecordFacts.Object(view, replica.Self);
        _own?.CatchUpTo(Known(record));
        var part = origin with { Partial = true, Seen = _own?.Seen ?? 0, Parents = null };
        if (NameList.TryParse(view.Payload, out var list) && _applier.Entries(directory) is { } entries)
        {
            var listed = new HashSet<byte[]>(ByteComparer.Instance);
            foreach (var name in list)
            {
                listed.Add(name.ToArray());
            }

            foreach (var entry in entries)
            {
                if (NameList.TryParse(view.Payload, out list) && list.SpeaksOf(entry.Name) && !listed.Contains(entry.Name) &&
                    !RemoveUnlisted(record, part, directory, entry))
                {
                    return false;
                }
            }
        }

        DropDisplaced(part, Known(record), directory);
        var outcome = _applier.Apply(origin with { Seen = part.Seen }, view, ListState(record, view, directory), null);
        _applier.NoteParentTime(directory, null);
        return outcome.Status != ApplyStatus.Changed;
    }

    private bool RemoveUnlisted(IncomingRecord record, Origin part, Fid directory, EntryHere entry)
    {
        if (_own?.HasLastingName(directory, entry.Name, Known(record)) == true)
        {
            return true;
        }

        var isDirectory = RecordFacts.IsDirectory(entry.Attr.Mode);
        if (isDirectory && _applier.Entries(entry.Fid) is { } below)
        {
            foreach (var child in below)
            {
                if (!RemoveUnlisted(record, part, entry.Fid, child))
                {
                    return false;
                }
            }
        }

        var removal = RecordView.Parse(RecordFacts.Removal(part.Dot, directory, entry.Name, entry.Fid, entry.Attr));
        return Removes(record, removal, part);
    }

    /// <summary>Judges a removal that is part of a LIST. False: something has changed meanwhile.</summary>
    private bool Removes(IncomingRecord record, RecordView removal, Origin part)
    {
        var clash = ClashOf(removal, Known(record));
        switch (ConflictRules.Decide(side, RecordFacts.Kind(removal), clash?.Facet.Kind))
        {
            case Verdict.KeepIncoming or Verdict.KeepIncomingObject:
                // It was changed here: it stays, and its maker hears of the change.
                return true;
            case Verdict.EvictLocal:
                return Evict(part, removal, clash!.Value);
            case Verdict.CopyLocal:
                CopyLocal(removal, UpdateKind.Removes, clash!.Value);
                break;
        }

        var outcome = _applier.Apply(part, removal, null, null);
        if (outcome.Status == ApplyStatus.Busy && EvictOpen(removal, part, outcome.Subject))
        {
            return true;
        }

        if (outcome.Status == ApplyStatus.NotEmpty && side == Side.Client)
        {
            outcome = new ApplyOutcome(Clear(part, removal, outcome));
        }

        return outcome.Status != ApplyStatus.Changed;
    }

    /// <summary>What changed here, and the maker didn't know, stays.</summary>
    private ObjectState? ListState(IncomingRecord record, RecordView view, Fid directory)
    {
        var known = Known(record);
        var state = WireTypes.ReadState(record.Wire);
        var attr = state?.Attr ?? RecordFacts.StateAttr(view) ?? default;
        var keeps = (_own?.HasAttributesOf(directory, known) == true ? AttrValid.Mode | AttrValid.Uid | AttrValid.Gid : 0) |
            (HasOwnTime(directory, known, view) ? AttrValid.ModifyTime : 0);
        return new ObjectState
        {
            Attr = attr with { Valid = attr.Valid & ~keeps },
            Xattrs = _own?.HasXattrsOf(directory, known) == true ? null : state?.Xattrs,
        };
    }

    /// <summary>Makes room for an object that was found at a name: what stands there has another place by now, or none.</summary>
    private ApplyStatus Displace(Origin origin, Fid parent, ReadOnlySpan<byte> name, Fid subject)
    {
        var status = _applier.SetAside(origin.Aside, parent, name, subject).Status;
        if (status == ApplyStatus.Applied)
        {
            if (!_displaced.TryGetValue(parent, out var displaced))
            {
                _displaced[parent] = displaced = [];
            }

            displaced.Add(subject);
        }

        return status;
    }

    private void DropDisplaced(Origin origin, ulong known, Fid directory)
    {
        if (_displaced.Remove(directory, out var displaced))
        {
            foreach (var fid in displaced)
            {
                DropOrKeepAside(origin, known, fid);
            }
        }
    }

    private sealed class ByteComparer : IEqualityComparer<byte[]>
    {
        public static readonly ByteComparer Instance = new();

        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(byte[] obj) => (int)NameList.Hash(obj);
    }
}
