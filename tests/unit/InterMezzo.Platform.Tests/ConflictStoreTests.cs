// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform.Tests;

[TestFixture("tmp")]
[TestFixture("/dev/shm")]
public class ConflictStoreTests(string where)
{
    private PlainFixture _to = null!;
    private Fid _root;

    [SetUp]
    public void SetUp()
    {
        _to = new PlainFixture(where);
        _root = _to.Root;
    }

    [TearDown]
    public void TearDown() => _to.Dispose();

    private string Kept => $"{_to.Tree}/.intermezzo/home/conflicts/22-9/kept";

    [Test]
    public void A_subtree_moves_out_whole_and_later_updates_find_it_there()
    {
        var directory = _to.MakeDirectory(1, _root, "d");
        var file = _to.MakeFile(2, directory, "f", "x");
        var outcome = _to.Applier.EvictToConflictStore(_to.Origin, _root, Records.Bytes("d"), directory, Conflict(directory, "d"));
        Assert.That(outcome, Has.Property(nameof(ApplyOutcome.Status)).EqualTo(ApplyStatus.Applied));
        Assert.That(Directory.Exists(_to.At("d")), Is.False);

        _to.MakeFile(3, directory, "g", "y");
        _to.ApplyTwice(Records.Named(Op.Close, file, directory, "f", PlainFixture.Attr(FileType.Regular | 0x1a4, 3, time: new KmlTime(5, 5))), null, PlainFixture.Text("new"));
        Assert.That(Scratch.Sh($"cd {Kept}/d; cat f g"), Is.EqualTo("newy"));
        Assert.That(_to.Applier.EvictToConflictStore(_to.Origin, _root, Records.Bytes("d"), directory, Conflict(directory, "d")), Is.EqualTo(ApplyOutcome.AlreadySo));
    }

    [Test]
    public void What_was_evicted_comes_back_by_an_enter()
    {
        var directory = _to.MakeDirectory(1, _root, "d");
        _to.MakeFile(2, directory, "f", "x");
        _to.Applier.EvictToConflictStore(_to.Origin, _root, Records.Bytes("d"), directory, Conflict(directory, "d"));
        _to.ApplyTwice(Records.Named(Op.Enter, directory, _root, "back", PlainFixture.Attr(FileType.Directory | 0x1ed), mode: FileType.Directory | 0x1ed));
        Assert.That(File.ReadAllText(_to.At("back/f")), Is.EqualTo("x"));
    }

    [Test]
    public void Another_object_is_not_evicted()
    {
        var file = _to.MakeFile(1, _root, "f", "x");
        var outcome = _to.Applier.EvictToConflictStore(_to.Origin, _root, Records.Bytes("f"), Records.Fid(77), Conflict(Records.Fid(77), "f"));
        Assert.That(outcome, Is.EqualTo(new ApplyOutcome(ApplyStatus.NameTaken, file, _root)));
        Assert.That(File.Exists(_to.At("f")), Is.True);
    }

    [Test]
    public void A_copy_has_everything_but_the_identity()
    {
        var file = _to.MakeFile(1, _root, "f", "mine");
        _to.Apply(Records.Xattr(Op.SetXattr, file, "trusted.x", [1]));
        _to.Applier.CopyToConflictStore(file, Conflict(file, "f"));
        _to.Applier.CopyToConflictStore(file, Conflict(file, "f"));
        Assert.That(Scratch.Sh($"cd {Kept}; ls; cat 'f~1'; stat -c ' %.9Y' f; getfattr -m - f | grep trusted"),
            Is.EqualTo("f\nf~1\nmine 1700000000.123456789\ntrusted.x"));
        Assert.That(File.ReadAllText(_to.At("f")), Is.EqualTo("mine"));
    }

    [Test]
    public void What_is_here_is_not_made_a_second_time_but_kept_if_it_is_another_version()
    {
        var file = _to.MakeFile(1, _root, "f", "here");
        var record = Records.Make(Op.Create, file, _root, "g", FileType.Regular | 0x1a4);
        _to.Applier.PreserveIncoming(RecordView.Parse(record), PlainFixture.FileState(5), PlainFixture.Text("older"), Conflict(file, "g"), asObject: true);
        _to.Apply(Records.Named(Op.Close, file, _root, "f", PlainFixture.Attr(FileType.Regular | 0x1a4, 3)), null, PlainFixture.Text("new"));
        Assert.That(Scratch.Sh($"cat {_to.At("f")}; cat {Kept}/g; ls {Kept}"), Is.EqualTo("newolderg"));
    }

    [Test]
    public void What_is_kept_of_an_update_can_be_read_by_its_dot()
    {
        var file = _to.MakeFile(1, _root, "f", "mine");
        var conflict = Conflict(file, "f");
        _to.Applier.CopyToConflictStore(file, conflict);
        using var kept = _to.Replica.Conflicts.Open(conflict.Loser);
        var bytes = new byte[10];
        Assert.That(bytes[..kept!.Read(0, bytes)], Is.EqualTo("mine"u8.ToArray()));
        Assert.That(_to.Replica.Conflicts.Open(conflict.Loser with { Counter = 77 }), Is.Null);
    }

    [Test]
    public void A_losing_content_is_preserved_and_listed()
    {
        var record = Records.Named(Op.Close, Records.Fid(1), _root, "f", PlainFixture.Attr(FileType.Regular | 0x1a4, 5));
        _to.Applier.PreserveIncoming(RecordView.Parse(record), PlainFixture.FileState(5), PlainFixture.Text("loser"), Conflict(Records.Fid(1), "f"), asObject: false);
        Assert.That(File.ReadAllText($"{Kept}/f"), Is.EqualTo("loser"));
        var listed = _to.Replica.Conflicts.List().Single();
        Assert.That(listed.Conflict.Reason, Is.EqualTo("content/content"));
        Assert.That(listed.Conflict.Loser, Is.EqualTo(new Dot(0x22, 9)));
        Assert.That(listed.Directory, Is.EqualTo("22-9"));
        Assert.That(listed.Kept.Single(), Is.EqualTo(Records.Bytes("f")));
        Assert.That(File.ReadAllBytes($"{Kept}/../records"), Is.EqualTo(record));
    }

    [Test]
    public void An_object_whose_creation_lost_lives_on_in_the_store()
    {
        var record = Records.Make(Op.Mkdir, Records.Fid(1), _root, "d", FileType.Directory | 0x1ed);
        _to.Applier.PreserveIncoming(RecordView.Parse(record), null, null, Conflict(Records.Fid(1), "d"), asObject: true);
        _to.MakeFile(2, Records.Fid(1), "f", "inside");
        Assert.That(File.ReadAllText($"{Kept}/d/f"), Is.EqualTo("inside"));
        _to.Reopen(losingIndex: true);
        _to.MakeFile(3, Records.Fid(1), "g", "after");
        Assert.That(File.ReadAllText($"{Kept}/d/g"), Is.EqualTo("after"));
    }

    [Test]
    public void A_leave_moves_the_object_to_the_store_here_too()
    {
        var file = _to.MakeFile(1, _root, "f", "x");
        _to.ApplyTwice(Records.Named(Op.Leave, file, _root, "f"));
        Assert.That(File.Exists(_to.At("f")), Is.False);
        Assert.That(_to.Replica.Conflicts.List().Single().Kept.Single(), Is.EqualTo(Records.Bytes("f")));
        Assert.That(_to.Replica.Tree.Open(file), Is.Not.Null);
    }

    [Test]
    public void What_only_was_away_and_is_back_is_no_conflict()
    {
        var file = _to.MakeFile(1, _root, "f", "x");
        _to.Apply(Records.Named(Op.Leave, file, _root, "f"));
        _to.ApplyTwice(Records.Named(Op.Enter, file, _root, "back", PlainFixture.Attr(FileType.Regular | 0x1a4), mode: FileType.Regular | 0x1a4));
        Assert.That(File.ReadAllText(_to.At("back")), Is.EqualTo("x"));
        Assert.That(_to.Replica.Conflicts.List(), Is.Empty);
    }

    [Test]
    public void What_lost_and_came_back_stays_a_conflict()
    {
        var file = _to.MakeFile(1, _root, "f", "x");
        _to.Applier.EvictToConflictStore(_to.Origin, _root, Records.Bytes("f"), file, Conflict(file, "f"));
        _to.ApplyTwice(Records.Named(Op.Enter, file, _root, "back", PlainFixture.Attr(FileType.Regular | 0x1a4), mode: FileType.Regular | 0x1a4));
        Assert.That(_to.Replica.Conflicts.List(), Has.Count.EqualTo(1));
    }

    [Test]
    public void A_content_that_comes_after_the_object_has_lost_is_kept_beside_it()
    {
        var record = Records.Make(Op.Create, Records.Fid(1), _root, "f", FileType.Regular | 0x1a4);
        _to.Applier.PreserveIncoming(RecordView.Parse(record), null, null, Conflict(Records.Fid(1), "f"), asObject: true);
        var enter = Records.Named(Op.Enter, Records.Fid(1), _root, "f", PlainFixture.Attr(FileType.Regular | 0x1a4, 3), mode: FileType.Regular | 0x1a4);
        for (var i = 0; i < 2; i++)
        {
            _to.Applier.PreserveIncoming(RecordView.Parse(enter), null, PlainFixture.Text("new"), Conflict(Records.Fid(1), "f"), asObject: true);
        }

        Assert.That(Scratch.Sh($"cat {Kept}/*"), Does.Contain("new"));
    }

    [Test]
    public void An_object_set_aside_gets_its_place_by_its_rename()
    {
        var file = _to.MakeFile(1, _root, "b", "first");
        Assert.That(_to.Applier.SetAside(_to.Origin, _root, Records.Bytes("b"), file), Has.Property(nameof(ApplyOutcome.Status)).EqualTo(ApplyStatus.Applied));
        Assert.That(_to.Applier.Aside, Is.EqualTo(new[] { file }));
        var other = _to.MakeFile(2, _root, "b", "second");
        _to.ApplyTwice(Records.Rename(file, _root, "a", _root, "b", replaced: other));
        Assert.That(File.ReadAllText(_to.At("b")), Is.EqualTo("first"));
        Assert.That(_to.Applier.Aside, Is.Empty);
    }

    [Test]
    public void An_object_set_aside_goes_with_its_last_record()
    {
        var file = _to.MakeFile(1, _root, "b", "first");
        _to.Applier.SetAside(_to.Origin, _root, Records.Bytes("b"), file);
        Assert.That(_to.Apply(Records.Named(Op.Unlink, file, _root, "elsewhere")), Is.EqualTo(ApplyOutcome.AlreadySo));
        Assert.That(_to.Applier.Aside, Is.Empty);
        Assert.That(_to.Replica.Tree.Open(file), Is.Null);
    }

    [Test]
    public void What_got_no_place_can_be_dropped()
    {
        var directory = _to.MakeDirectory(1, _root, "d");
        _to.MakeFile(2, directory, "f", "");
        _to.Applier.SetAside(_to.Origin, _root, Records.Bytes("d"), directory);
        _to.Applier.DropAside(directory);
        Assert.That(_to.Applier.Aside, Is.Empty);
        Assert.That(_to.Replica.Tree.Open(directory), Is.Null);
    }

    [Test]
    public void Half_a_description_is_passed_over()
    {
        var file = _to.MakeFile(1, _root, "f", "x");
        _to.Applier.CopyToConflictStore(file, Conflict(file, "f"));
        File.AppendAllText($"{Kept}/../about", "{\"loser\":\"22");
        Assert.That(_to.Replica.Conflicts.List(), Has.Count.EqualTo(1));
    }

    [Test]
    public void Half_a_description_spoils_none_that_follows()
    {
        var (first, second) = (_to.MakeFile(1, _root, "f", "x"), _to.MakeFile(2, _root, "g", "y"));
        _to.Applier.CopyToConflictStore(first, Conflict(first, "f"));
        File.AppendAllText($"{Kept}/../about", "{\"loser\":\"22");
        _to.Applier.CopyToConflictStore(second, Conflict(second, "g"));
        Assert.That(_to.Replica.Conflicts.List(), Has.Count.EqualTo(2));
    }

    [Test]
    public void Each_object_is_a_conflict_with_its_own_versions_and_an_id_that_stays()
    {
        var (file, other, evicted) = (_to.MakeFile(1, _root, "f", "one"), _to.MakeFile(2, _root, "g", "two"), _to.MakeFile(3, _root, "h", "three"));
        _to.Applier.CopyToConflictStore(file, Conflict(file, "f"));
        _to.Applier.CopyToConflictStore(file, Conflict(file, "f") with { Winner = new Dot(Records.Peer, 2) });
        _to.Applier.CopyToConflictStore(other, Conflict(other, "g"));
        _to.Applier.EvictToConflictStore(_to.Origin, _root, Records.Bytes("h"), evicted, Conflict(evicted, "h"));
        var listed = _to.Replica.Conflicts.List();
        Assert.That(listed.Select(kept => string.Join(" ", kept.Kept.Select(Text).Order())), Is.EqualTo(new[] { "f f~1", "g", "h" }));
        Assert.That(listed[0].Found, Has.Count.EqualTo(2));
        Assert.That(listed.Select(kept => kept.Id), Is.Unique.And.All.Match("^[0-9a-f]{8}$"));

        _to.Reopen();
        Assert.That(_to.Replica.Conflicts.List().Select(kept => kept.Id), Is.EqualTo(listed.Select(kept => kept.Id)));
    }

    [Test]
    public void Objects_of_one_name_that_lost_in_a_join_are_told_apart()
    {
        var directory = _to.MakeDirectory(1, _root, "d");
        var (first, second) = (_to.MakeFile(2, _root, "f", "one"), _to.MakeFile(3, directory, "f", "two"));
        foreach (var (fid, parent) in new[] { (first, _root), (second, directory) })
        {
            var conflict = Conflict(fid, "f") with { Loser = new Dot(0x22, 0), Parent = parent };
            _to.Applier.EvictToConflictStore(_to.Origin, parent, Records.Bytes("f"), fid, conflict);
        }

        Drop(_to.Replica.Conflicts.List()[0]);
        var left = _to.Replica.Conflicts.List().Single();
        Assert.That(Content(left), Is.EqualTo("two"));
        Assert.That(Text(left.Path), Is.EqualTo("d/f"));
    }

    [Test]
    public void What_is_dropped_is_gone_and_nothing_else()
    {
        var (file, other) = (_to.MakeFile(1, _root, "f", "one"), _to.MakeFile(2, _root, "g", "two"));
        _to.Applier.CopyToConflictStore(file, Conflict(file, "f"));
        _to.Applier.CopyToConflictStore(other, Conflict(other, "g"));
        Drop(_to.Replica.Conflicts.List()[0]);
        Assert.That(_to.Replica.Conflicts.List().Select(Content), Is.EqualTo(new[] { "two" }));
        Assert.That(Directory.GetFiles(Kept), Is.EqualTo(new[] { $"{Kept}/g" }));
        Drop(_to.Replica.Conflicts.List()[0]);
        Assert.That(Directory.Exists(Path.GetDirectoryName(Kept)), Is.False);
        Assert.That(File.ReadAllText(_to.At("f")) + File.ReadAllText(_to.At("g")), Is.EqualTo("onetwo"));
    }

    [Test]
    public void The_same_object_may_lose_again()
    {
        var file = _to.MakeFile(1, _root, "f", "one");
        _to.Applier.CopyToConflictStore(file, Conflict(file, "f"));
        Drop(_to.Replica.Conflicts.List().Single());
        _to.Applier.CopyToConflictStore(file, Conflict(file, "f"));
        _to.Reopen();
        Assert.That(_to.Replica.Conflicts.List().Select(Content), Is.EqualTo(new[] { "one" }));
    }

    [Test]
    public void A_subtree_is_dropped_whole()
    {
        var directory = _to.MakeDirectory(1, _root, "d");
        _to.MakeFile(2, directory, "f", "x");
        _to.Applier.EvictToConflictStore(_to.Origin, _root, Records.Bytes("d"), directory, Conflict(directory, "d"));
        Drop(_to.Replica.Conflicts.List().Single());
        Assert.That(_to.Replica.Tree.Open(directory), Is.Null);
        Assert.That(Directory.GetFileSystemEntries($"{_to.Tree}/.intermezzo/home/conflicts"), Is.Empty);
        Assert.That(_to.Apply(Records.Make(Op.Mkdir, directory, _root, "d", FileType.Directory | 0x1ed)), Has.Property(nameof(ApplyOutcome.Status)).EqualTo(ApplyStatus.Applied));
    }

    [Test]
    public void What_has_changed_since_it_was_shown_is_not_dropped()
    {
        var directory = _to.MakeDirectory(1, _root, "d");
        var file = _to.MakeFile(2, directory, "f", "x");
        _to.Applier.EvictToConflictStore(_to.Origin, _root, Records.Bytes("d"), directory, Conflict(directory, "d"));
        var conflict = _to.Replica.Conflicts.List().Single();
        var stamp = _to.Replica.Conflicts.Stamp(conflict);
        _to.Apply(Records.Named(Op.Close, file, directory, "f", PlainFixture.Attr(FileType.Regular | 0x1a4, 3)), null, PlainFixture.Text("new"));
        Assert.That(_to.Applier.DropKept(conflict.Id, stamp), Is.False);
        Assert.That(_to.Applier.DropKept("00000000", stamp), Is.False);
        Assert.That(Scratch.Sh($"cat {Kept}/d/f"), Is.EqualTo("new"));
    }

    [Test]
    public void A_removal_that_a_crash_cut_short_is_finished()
    {
        var (file, other) = (_to.MakeFile(1, _root, "f", "one"), _to.MakeFile(2, _root, "g", "two"));
        _to.Applier.CopyToConflictStore(file, Conflict(file, "f"));
        _to.Applier.CopyToConflictStore(other, Conflict(other, "g"));
        File.AppendAllText($"{Kept}/../about", $$"""{"resolved":"{{file.ToString().Replace('.', ':')}}","kept":["Zg=="]}""" + "\n");
        _to.Reopen();
        Assert.That(Directory.GetFiles(Kept), Is.EqualTo(new[] { $"{Kept}/g" }));
        Assert.That(_to.Replica.Conflicts.List().Select(Content), Is.EqualTo(new[] { "two" }));
    }

    [Test]
    public void A_version_is_shown_with_all_below_it()
    {
        var directory = _to.MakeDirectory(1, _root, "d");
        _to.MakeFile(2, _to.MakeDirectory(3, directory, "e"), "f", "x");
        _to.MakeFile(4, directory, "g", "yy");
        _to.Applier.EvictToConflictStore(_to.Origin, _root, Records.Bytes("d"), directory, Conflict(directory, "d"));
        var conflict = _to.Replica.Conflicts.List().Single();
        var walked = _to.Replica.Conflicts.Walk(conflict, conflict.Kept[0])
            .Select(item => $"{item.Depth} {Text(item.Name.ToArray())} {(item.Object.Type == FileType.Regular ? item.Object.ReadState().Attr.Size : 0)}");
        Assert.That(walked.Order(), Is.EqualTo(new[] { "0 d 0", "1 e 0", "1 g 2", "2 f 1" }));
    }

    [Test]
    public void Updates_that_were_not_done_are_told_by_object()
    {
        var (file, other) = (_to.MakeFile(1, _root, "f", "x"), _to.MakeFile(2, _root, "g", "x"));
        var record = Records.Xattr(Op.SetXattr, file, "user.x", [1]);
        _to.Applier.PreserveIncoming(RecordView.Parse(record), null, null, Conflict(file, "f"), asObject: false);
        _to.Applier.PreserveIncoming(RecordView.Parse(record), null, null, Conflict(file, "f"), asObject: false);
        _to.Applier.PreserveIncoming(RecordView.Parse(Records.Xattr(Op.SetXattr, other, "user.y", [1])), null, null, Conflict(other, "g"), asObject: false);
        var conflict = _to.Replica.Conflicts.List()[0];
        Assert.That(conflict.Kept, Is.Empty);
        Assert.That(_to.Replica.Conflicts.Updates(conflict), Is.EqualTo(new[] { record }));
    }

    [Test]
    public void The_place_of_a_conflict_is_where_its_object_is_now()
    {
        var (directory, other) = (_to.MakeDirectory(1, _root, "d"), _to.MakeDirectory(2, _root, "e"));
        var file = _to.MakeFile(3, directory, "f", "x");
        var conflict = Conflict(file, "f") with { Parent = directory };
        _to.Applier.CopyToConflictStore(file, conflict);
        Assert.That(Place(), Is.EqualTo("Object d/f"));
        _to.Apply(Records.Rename(file, directory, "f", other, "moved"));
        Assert.That(Place(), Is.EqualTo("Object e/moved"));
        _to.Apply(Records.Named(Op.Unlink, file, other, "moved"));
        Assert.That(Place(), Is.EqualTo("Free d/f"));
        _to.MakeFile(4, directory, "f", "y");
        Assert.That(Place(), Is.EqualTo("Other d/f"));
        _to.Apply(Records.Rename(directory, _root, "d", other, "inside"));
        Assert.That(Place(), Is.EqualTo("Other e/inside/f"));
        Scratch.Sh($"rm -r {_to.At("e")}");
        Assert.That(Place(), Is.EqualTo("NoDirectory d/f"));
        Directory.CreateDirectory(_to.At("d"));
        Assert.That(Place(), Is.EqualTo("Free d/f"), "another directory will do");
    }

    [Test]
    public void What_is_in_the_store_is_not_in_the_tree()
    {
        var file = _to.MakeFile(1, _root, "f", "x");
        _to.Applier.EvictToConflictStore(_to.Origin, _root, Records.Bytes("f"), file, Conflict(file, "f"));
        Assert.That(Place(), Is.EqualTo("Free /f"));
        _to.MakeFile(2, _root, "f", "y");
        Assert.That(Place(), Is.EqualTo("Other /f"));
    }

    private string Place()
    {
        var place = _to.Replica.Conflicts.Locate(_to.Replica.Conflicts.List().Single());
        return $"{place.Kind} {Text(place.Directory)}/{Text(place.Name)}";
    }

    private void Drop(KeptConflict conflict) => Assert.That(_to.Applier.DropKept(conflict.Id, _to.Replica.Conflicts.Stamp(conflict)), Is.True);

    private string Content(KeptConflict conflict)
    {
        foreach (var item in _to.Replica.Conflicts.Walk(conflict, conflict.Kept.Single()))
        {
            var bytes = new byte[10];
            return Text(bytes[..item.Object.Read(0, bytes)]);
        }

        return "";
    }

    private static string Text(byte[] bytes) => System.Text.Encoding.UTF8.GetString(bytes);

    private Conflict Conflict(Fid fid, string name) =>
        new(new Dot(0x22, 9), new Dot(Records.Peer, 1), "content/content", DateTimeOffset.UnixEpoch, fid, _root, Records.Bytes(name));
}
