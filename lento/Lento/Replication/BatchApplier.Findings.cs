// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Protocol.Replication;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Lento.Replication;

/// <summary>
/// An update of this client has lost at the server, or one of the server's found no place here: the server tells how what
/// it was about stands there, and so it becomes here, but for what was done here since, which the server has yet to judge.
/// </summary>
internal sealed partial class BatchApplier
{
    private const int MaxFaster = 100;

    // Fetched for a finding, by this batch; not again if it still isn't here.
    private readonly HashSet<Fid> _fetchedBack = [];

    // At a server: what has lost of a record, which is marked when that is judged.
    private readonly List<LossMark> _losses = [];

    // At a server: objects of updates that have lost, as the client doesn't know yet.
    private readonly FacetWindow _lost = new();

    /// <summary>At a server: an update of the peer isn't applied as its maker has it.</summary>
    /// <param name="record">The update.</param>
    /// <param name="view">Its record.</param>
    /// <param name="isContent">False: if it was new content, that is here.</param>
    private void NoteLost(IncomingRecord record, RecordView view, bool isContent = true)
    {
        if (side == Side.Server && replica.Journal is { TakesMarks: true } journal)
        {
            var loss = LossMark.Of(view, peer, record.Source, fid => NamesOf(fid, record.Wire.Known));
            loss = loss with { IsContent = loss.IsContent && isContent };
            _losses.Add(loss);
            foreach (var fid in loss.Objects)
            {
                _lost.Add([new Touch(Facet.Existence(fid), true)], journal.Info.Head);
            }
        }
    }

    /// <summary>
    /// At a server: an object that an update took the last name of, at its maker's, is here by a name that the maker had taken
    /// from it in vain, and when he was told, it was gone there.
    /// </summary>
    private bool GoesOn(Fid replaced, ulong known) =>
        side == Side.Server && !replaced.IsNone && _lost.Find([new Touch(Facet.Existence(replaced), true)], known) is not null && replica.Tree.PlaceOf(replaced) is not null;

    // At a client: what is aside, and is asked about.
    private readonly HashSet<Fid> _askedAside = [];

    // At a client: what found no place, and is asked about.
    private readonly HashSet<Fid> _askedAbout = [];

    // At a client: where the own log ends that asks the server something.
    private ulong _asked;

    /// <summary>At a client: beyond what the server has acknowledged below this, it is still asked something.</summary>
    public ulong Asked => Volatile.Read(ref _asked);

    /// <summary>
    /// At a client: an update of the server's found no place here. Whatever the reason: the server is asked how what it was
    /// about stands there. Not again, if what it answers finds none either.
    /// </summary>
    private void Ask(IncomingRecord record)
    {
        if (!record.Data.IsEmpty && !record.IsFinding)
        {
            Ask(LossMark.Of(RecordView.Parse(record.Data), peer, record.Source, _ => []) with { IsContent = false });
        }
    }

    /// <summary>
    /// An object found no place here, or isn't here: something made here may have its name, and be gone before the server
    /// hears of it. Asked once.
    /// </summary>
    private void AskAbout(Fid fid)
    {
        if (_askedAbout.Add(fid))
        {
            Ask(LossMark.OfObject(peer, fid));
        }
    }

    /// <summary>A directory that an update leads to is gone here, and what it is about is here, by another name.</summary>
    private void AskIfElsewhere(IncomingRecord record, RecordView view)
    {
        if (side == Side.Client && (Exists(RecordFacts.Object(view, replica.Self)) || (RecordFacts.IsExchange(view) && view.TryGetReplaced(out var other) && Exists(other.Fid))))
        {
            Ask(record);
        }
    }

    /// <summary>What was set aside waits for a later record to give it its place. None of this batch has: where does it belong?</summary>
    private void AskAboutAside()
    {
        if (side == Side.Server)
        {
            return;
        }

        var aside = _applier.Aside;
        _askedAside.IntersectWith(aside);
        foreach (var fid in aside.Where(_askedAside.Add))
        {
            Ask(LossMark.OfObject(peer, fid));
        }
    }

    private void Ask(LossMark about)
    {
        if (side == Side.Client && !state.KeepsOwn && replica.Journal is { TakesMarks: true } journal)
        {
            SettleTimes();
            journal.Mark(about.Encode());
            Volatile.Write(ref _asked, journal.Info.Head);
        }
    }

    /// <summary>At a server: a client asks how something stands here. It is told when the mark is sent.</summary>
    private void Answer(IncomingRecord record)
    {
        if (side == Side.Server && replica.Journal is { TakesMarks: true } journal)
        {
            SettleTimes();
            journal.Mark(Findings.Answer(record.Wire.Question, peer, record.Source).Encode());
        }
    }

    private void MarkLosses()
    {
        foreach (var loss in _losses)
        {
            replica.Journal!.Mark(loss.Encode());
        }

        _losses.Clear();
    }

    /// <summary>Names that an object of several got here since.</summary>
    private IEnumerable<(Fid Parent, byte[] Name)> NamesOf(Fid fid, ulong known) =>
        HasOtherNames(fid, out var attr) && !RecordFacts.IsDirectory(attr.Mode) ? _own?.Places(fid, known) ?? [] : [];

    /// <summary>Returns an object that must be fetched first. Null: all is as it was found at the server.</summary>
    private ApplyStep? TakeBack(IncomingRecord record)
    {
        if (record.Wire.Findings.Count == 0)
        {
            return null;
        }

        // The mtimes of directories are set for it, if nothing else follows.
        _last = TakingBack(record);
        _own?.CatchUpTo(record.Wire.Echo);
        foreach (var finding in record.Wire.Findings)
        {
            if (finding.Fid.IsEmpty)
            {
                LeaveEmpty(record, finding);
            }
            else if (finding.Parent.IsEmpty)
            {
                Remove(record, WireTypes.ReadFid(finding.Fid));
            }
            else if (Place(record, finding) is { } missing)
            {
                return missing;
            }
        }

        return null;
    }

    /// <summary>An object stands at a name there.</summary>
    private ApplyStep? Place(IncomingRecord record, Finding finding)
    {
        var found = AsRecord(record, finding);
        var view = RecordView.Parse(found.Data);
        var (fid, parent) = (RecordFacts.Object(view, replica.Self), RecordFacts.Parent(view, replica.Self));
        var place = replica.Tree.PlaceOf(fid);
        var room = ApplyStatus.Changed;
        while (room == ApplyStatus.Changed && !StandsHere(fid, parent, finding.Name.Span))
        {
            room = MakeRoomFor(TakingBack(record), parent, finding.Name.Span, fid);
            _own?.CatchUpTo(Echo);
        }

        if (room == ApplyStatus.Changed)
        {
            BringState(found, view);
            return finding.Lost && Exists(fid) && KeepOwnContent(record, finding, fid, parent) ? TakeBackContent(fid, place) : null;
        }

        if (room is not (ApplyStatus.Applied or ApplyStatus.AlreadySo))
        {
            return null;
        }

        if (!Exists(fid) || (finding.Lost && KeepOwnContent(record, finding, fid, parent)) || (place is null && IsOtherThere(finding, fid)))
        {
            return _fetchedBack.Add(fid) ? new ApplyStep(0, fid, parent, finding.Name.ToByteArray()) : null;
        }

        ApplyStep? missing = null;
        while (!Judge(found, view, ref missing))
        {
            // A program was faster.
        }

        return missing;
    }

    /// <summary>It stands elsewhere, as was decided here: its attributes are those of the server all the same.</summary>
    private void BringState(IncomingRecord found, RecordView view)
    {
        var fid = RecordFacts.Object(view, replica.Self);
        if (Exists(fid) && StateOf(found, view, Known(found)) is { } state)
        {
            var close = RecordFacts.StateAt(TakingBack(found).Dot, RecordFacts.Parent(view, replica.Self), RecordFacts.FirstName(view), fid, state.Attr);

            // If a program has changed it meanwhile, the server hears of that, and tells anew.
            _ = _applier.Apply(TakingBack(found) with { Seen = _own?.Seen ?? 0 }, RecordView.Parse(close), state, null);
        }
    }

    /// <summary>What an own update says of an object or of a name, the server has yet to judge.</summary>
    private bool StandsHere(Fid fid, Fid parent, ReadOnlySpan<byte> name) =>
        !Exists(parent) || _own?.HasLastingName(parent, name, Echo, fid) == true || _own?.HasRemoved(fid, Echo) == true;

    /// <summary>A file comes back from the conflict store, where its content may have lost (an earlier finding said so), and stays as a copy.</summary>
    private bool IsOtherThere(Finding finding, Fid fid)
    {
        using var there = replica.Tree.Open(fid);
        if (there is not { Type: 0x8000, Writers: not Writers.Writing } || _own?.ContentOf(fid, Echo) is not null || _applier.Aside.Contains(fid))
        {
            return false;
        }

        var (here, server) = (there.ReadState().Attr, KmlAttr.Read(finding.Attr.Span));
        return (here.Size, here.ModifyTime) != (server.Size, server.ModifyTime);
    }

    /// <summary>Its content has lost, and is kept; it has another place here, or waits for one.</summary>
    private ApplyStep? TakeBackContent(Fid fid, (Fid Parent, byte[] Name)? place)
    {
        if (place is { } here)
        {
            return _fetchedBack.Add(fid) ? new ApplyStep(0, fid, here.Parent, here.Name) : null;
        }

        if (_applier.Aside.Contains(fid) && !IsOpenHere(fid))
        {
            // Whatever gives it a place fetches it.
            _applier.DropAside(fid);
        }

        return null;
    }

    /// <summary>What was written here has lost, and is still here: it is kept. False: there is something else by now.</summary>
    private bool KeepOwnContent(IncomingRecord record, Finding finding, Fid fid, Fid parent)
    {
        if (_fetchedBack.Contains(fid) || _own?.ContentOf(fid, Echo) is not null || !IsStillHere(record, finding, fid))
        {
            return false;
        }

        var loser = new Dot(finding.Replica, finding.Counter);
        var conflict = new Conflict(loser, TakingBack(record).Dot, "lost at the server", time.GetUtcNow(), fid, parent, finding.Name.ToByteArray());
        return _applier.CopyToConflictStore(fid, conflict).IsDone;
    }

    /// <summary>The own log says whether the content has changed since; as far as it isn't trimmed.</summary>
    private bool IsStillHere(IncomingRecord record, Finding finding, Fid fid)
    {
        if (_own is null || _own.HasNewContent(fid, record.Wire.Echo))
        {
            return false;
        }

        using var there = replica.Tree.Open(fid);
        var (here, server) = (there?.ReadState().Attr, KmlAttr.Read(finding.Attr.Span));
        return record.Wire.Echo > replica.Journal!.Info.First || (here?.Size, here?.ModifyTime) != (server.Size, server.ModifyTime);
    }

    /// <summary>By an update that the server has yet to judge.</summary>
    private bool IsMovedHere(Fid parent, ReadOnlySpan<byte> name, Fid fid) =>
        _own?.LastPlace(fid, Echo) is not null || _own?.HasLastingName(parent, name, Echo) == true;

    /// <summary>An object that was fetched is here, up to date, and has another place at the server.</summary>
    private ApplyOutcome MoveToPlace(Origin origin, Fid parent, byte[] name, FetchedObject item, InterMezzo.Replication.Ports.Content? content)
    {
        if (item.State.Attr.Links > 1 && !RecordFacts.IsDirectory(item.State.Attr.Mode))
        {
            return _applier.EnterLink(origin, parent, name, item.Fid);
        }

        var aside = _applier.SetAside(origin, item.Fid);
        return aside.IsDone ? _applier.EnterObject(origin, parent, name, item.Fid, WithOwn(item, content), null) : aside;
    }

    /// <summary>
    /// What stands at a name where the server has another object is told of by a finding of its own. Changed: a program was
    /// faster, look again.
    /// </summary>
    private ApplyStatus MakeRoomFor(Origin origin, Fid parent, ReadOnlySpan<byte> name, Fid fid)
    {
        using var entry = replica.Tree.OpenAt(parent, name);
        return entry is null || entry.Fid == fid
            ? ApplyStatus.AlreadySo
            : SetAsideOrEvict(origin with { Seen = _own?.Seen ?? 0 }, parent, name, entry.Fid);
    }

    /// <summary>Nothing stands at a name there.</summary>
    private void LeaveEmpty(IncomingRecord record, Finding finding)
    {
        var parent = WireTypes.ReadFid(finding.Parent);
        var name = finding.Name.ToByteArray();
        var time = KmlAttr.Read(finding.ParentAttr.Span).ModifyTime;
        for (var isDone = false; !isDone;)
        {
            var part = TakingBack(record) with { Seen = _own?.Seen ?? 0 };
            using var entry = replica.Tree.OpenAt(parent, name);
            isDone = entry is null || (HasPlace(record, entry.Fid) && _own?.HasLastingName(parent, name, Known(record)) != true
                ? SetAsideOrEvict(part, parent, name, entry.Fid) != ApplyStatus.Changed
                : RemoveUnlisted(record, part, parent, new EntryHere(name, entry.Fid, entry.ReadState().Attr)));
            if (!isDone)
            {
                _own?.CatchUpTo(Echo);
            }
        }

        if (Exists(parent) && _own?.HasTimeOf(parent, Echo) != true)
        {
            _applier.NoteParentTime(parent, time);
        }
    }

    /// <summary>Another finding tells where the object stands there.</summary>
    private static bool HasPlace(IncomingRecord record, Fid fid) =>
        record.Wire.Findings.Any(finding => !finding.Parent.IsEmpty && !finding.Fid.IsEmpty && WireTypes.ReadFid(finding.Fid) == fid);

    /// <summary>An object is gone there: so it is here, by whatever names, unless it was given one since.</summary>
    private void Remove(IncomingRecord record, Fid fid)
    {
        DropOrKeepAside(TakingBack(record), Echo, fid);

        // Each time a name goes, or a program was faster.
        for (var faster = 0; faster < MaxFaster && replica.Tree.PlaceOf(fid) is { } place && !IsMovedHere(place.Parent, place.Name, fid); faster++)
        {
            var part = TakingBack(record) with { Seen = _own?.Seen ?? 0 };
            using var entry = replica.Tree.OpenAt(place.Parent, place.Name);
            if (entry?.Fid == fid && RemoveUnlisted(record, part, place.Parent, new EntryHere(place.Name, fid, entry.ReadState().Attr)))
            {
                using var still = replica.Tree.OpenAt(place.Parent, place.Name);
                if (still?.Fid == fid)
                {
                    // It doesn't go.
                    return;
                }

                faster = -1;
            }

            _own?.CatchUpTo(Echo);
        }
    }

    private IncomingRecord AsRecord(IncomingRecord record, Finding finding)
    {
        var attr = KmlAttr.Read(finding.Attr.Span);
        var time = KmlAttr.Read(finding.ParentAttr.Span).ModifyTime;
        var data = RecordFacts.Finding(
            TakingBack(record).Dot, WireTypes.ReadFid(finding.Parent), finding.Name.Span, WireTypes.ReadFid(finding.Fid), attr, time);
        return new IncomingRecord(WireTypes.ToRecord(finding, data, record.Source)) { IsFinding = true };
    }

    /// <summary>It is no single update of the server's; the log needs a count.</summary>
    private Origin TakingBack(IncomingRecord record) => new Origin(new Dot(peer, 1), record.Source).Aside;
}
