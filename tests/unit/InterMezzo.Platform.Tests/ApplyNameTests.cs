// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform.Tests;

[TestFixture("tmp")]
[TestFixture("/dev/shm")]
public class ApplyNameTests(string where)
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

    [Test]
    public void A_hard_link_is_one()
    {
        var file = _to.MakeFile(1, _root, "a", "x");
        _to.ApplyTwice(Records.Named(Op.Link, file, _root, "b"));
        Assert.That(Scratch.Sh($"stat -c '%h %i' {_to.At("a")}"), Is.EqualTo(Scratch.Sh($"stat -c '2 %i' {_to.At("b")}")));
    }

    [TestCase(false)]
    [TestCase(true)]
    public void What_was_applied_and_not_flushed_is_found_after_a_restart(bool wasKnown)
    {
        var file = _to.MakeFile(1, _root, "a", "x");
        if (wasKnown)
        {
            // Its new content comes with a new inode.
            _to.Applier.Flush();
            var close = Records.Named(Op.Close, file, _root, "a", PlainFixture.Attr(FileType.Regular | 0x1a4, 3));
            Assert.That(_to.Apply(close, PlainFixture.FileState(3), PlainFixture.Text("new")), Has.Property(nameof(ApplyOutcome.Status)).EqualTo(ApplyStatus.Applied));
        }

        _to.Reopen();
        _to.ApplyTwice(Records.Named(Op.Link, file, _root, "b"));
        Assert.That(Scratch.Sh($"stat -c '%h %i' {_to.At("a")}"), Is.EqualTo(Scratch.Sh($"stat -c '2 %i' {_to.At("b")}")));
    }

    [Test]
    public void A_link_to_what_is_not_here_is_told() =>
        Assert.That(_to.Apply(Records.Named(Op.Link, Records.Fid(5), _root, "b")), Is.EqualTo(new ApplyOutcome(ApplyStatus.MissingObject, Records.Fid(5))));

    [Test]
    public void A_link_of_a_directory_is_told()
    {
        var directory = _to.MakeDirectory(1, _root, "d");
        Assert.That(_to.Apply(Records.Named(Op.Link, directory, _root, "b")).Status, Is.EqualTo(ApplyStatus.WrongKind));
    }

    [Test]
    public void A_name_goes_and_the_other_one_stays()
    {
        var file = _to.MakeFile(1, _root, "a", "x");
        _to.Apply(Records.Named(Op.Link, file, _root, "b"));
        _to.ApplyTwice(Records.Named(Op.Unlink, file, _root, "a"));
        Assert.That(File.ReadAllText(_to.At("b")), Is.EqualTo("x"));
        _to.ApplyTwice(Records.Named(Op.Unlink, file, _root, "b"));
        Assert.That(_to.Replica.Tree.Open(file), Is.Null);
    }

    [TestCase(FileType.Symlink)]
    [TestCase(FileType.Fifo)]
    [TestCase(FileType.Socket)]
    [TestCase(FileType.CharDevice)]
    public void Every_type_can_be_removed(uint type)
    {
        var op = type == FileType.Symlink ? Op.Symlink : Op.Mknod;
        _to.Apply(Records.Make(op, Records.Fid(1), _root, "it", type | 0x1a4, target: type == FileType.Symlink ? Records.Bytes("/etc/passwd") : null));
        Assert.That(Scratch.Sh($"ls {_to.Tree}"), Is.EqualTo("it"));
        _to.ApplyTwice(Records.Named(Op.Unlink, Records.Fid(1), _root, "it"));
        Assert.That(Scratch.Sh($"ls {_to.Tree}"), Is.Empty);
    }

    [Test]
    public void Another_object_under_the_name_is_not_removed()
    {
        var file = _to.MakeFile(1, _root, "a", "x");
        File.Delete(_to.At("a"));
        File.WriteAllText(_to.At("a"), "local");
        var outcome = _to.Apply(Records.Named(Op.Unlink, file, _root, "a"));
        Assert.That(outcome.Status, Is.EqualTo(ApplyStatus.NameTaken));
        Assert.That(File.ReadAllText(_to.At("a")), Is.EqualTo("local"));
    }

    [Test]
    public void An_empty_directory_goes_and_a_full_one_is_told()
    {
        var directory = _to.MakeDirectory(1, _root, "d");
        File.WriteAllText(_to.At("d/local"), "");
        Assert.That(_to.Apply(Records.Named(Op.Rmdir, directory, _root, "d")), Is.EqualTo(new ApplyOutcome(ApplyStatus.NotEmpty, directory)));
        File.Delete(_to.At("d/local"));
        _to.ApplyTwice(Records.Named(Op.Rmdir, directory, _root, "d"));
        Assert.That(Directory.Exists(_to.At("d")), Is.False);
    }

    [Test]
    public void A_file_made_in_a_removed_directory_misses_its_parent()
    {
        var directory = _to.MakeDirectory(1, _root, "d");
        _to.MakeFile(2, directory, "f", "");
        Scratch.Sh($"rm -r {_to.At("d")}");
        Assert.That(_to.Apply(Records.Make(Op.Create, Records.Fid(3), directory, "g", FileType.Regular | 0x1a4)),
            Is.EqualTo(new ApplyOutcome(ApplyStatus.MissingParent, directory)));
    }

    [Test]
    public void A_directory_with_all_below_it_moves_by_one_record()
    {
        var from = _to.MakeDirectory(1, _root, "from");
        var to = _to.MakeDirectory(2, _root, "to");
        var moved = _to.MakeDirectory(3, from, "moved");
        _to.MakeFile(4, moved, "f", "x");
        _to.ApplyTwice(Records.Rename(moved, from, "moved", to, "new name"));
        Assert.That(File.ReadAllText(_to.At("to/new name/f")), Is.EqualTo("x"));
        Assert.That(Scratch.Sh($"ls {_to.At("from")}"), Is.Empty);
    }

    [Test]
    public void A_rename_replaces_what_the_record_says_and_nothing_else()
    {
        var file = _to.MakeFile(1, _root, "a", "new");
        var old = _to.MakeFile(2, _root, "b", "old");
        Assert.That(_to.Apply(Records.Rename(file, _root, "a", _root, "b")),
            Is.EqualTo(new ApplyOutcome(ApplyStatus.NameTaken, old, _root, SecondName: true)));
        _to.ApplyTwice(Records.Rename(file, _root, "a", _root, "b", replaced: old));
        Assert.That(File.ReadAllText(_to.At("b")), Is.EqualTo("new"));
        Assert.That(_to.Replica.Tree.Open(old), Is.Null);
    }

    [Test]
    public void A_rename_over_a_directory_that_is_not_empty_is_told()
    {
        var moved = _to.MakeDirectory(1, _root, "a");
        var full = _to.MakeDirectory(2, _root, "b");
        _to.MakeFile(3, full, "f", "");
        Assert.That(_to.Apply(Records.Rename(moved, _root, "a", _root, "b", replaced: full)), Is.EqualTo(new ApplyOutcome(ApplyStatus.NotEmpty, full)));
    }

    [Test]
    public void A_rename_of_an_object_that_stands_elsewhere_is_told()
    {
        var file = _to.MakeFile(1, _root, "a", "");
        File.Move(_to.At("a"), _to.At("c"));
        Assert.That(_to.Apply(Records.Rename(file, _root, "a", _root, "b")), Is.EqualTo(new ApplyOutcome(ApplyStatus.Elsewhere, file)));
        Assert.That(_to.Apply(Records.Rename(Records.Fid(9), _root, "a", _root, "b")), Is.EqualTo(new ApplyOutcome(ApplyStatus.MissingObject, Records.Fid(9))));
    }

    [Test]
    public void A_directory_that_would_move_into_itself_is_told()
    {
        var outer = _to.MakeDirectory(1, _root, "outer");
        var inner = _to.MakeDirectory(2, outer, "inner");
        Assert.That(_to.Apply(Records.Rename(outer, _root, "outer", inner, "x")), Is.EqualTo(new ApplyOutcome(ApplyStatus.Cycle, outer)));
    }

    [Test]
    public void Two_names_are_exchanged()
    {
        var one = _to.MakeFile(1, _root, "a", "one");
        var two = _to.MakeDirectory(2, _root, "b");
        _to.ApplyTwice(Records.Rename(one, _root, "a", _root, "b", replaced: two, flags: 2));
        Assert.That(File.ReadAllText(_to.At("b")), Is.EqualTo("one"));
        Assert.That(Directory.Exists(_to.At("a")), Is.True);
    }

    [Test]
    public void A_rename_that_left_a_whiteout_leaves_it_to_the_record_of_the_whiteout()
    {
        var file = _to.MakeFile(1, _root, "a", "one");
        _to.ApplyTwice(Records.Rename(file, _root, "a", _root, "b", flags: 4));
        Assert.That(Scratch.Sh($"ls {_to.Tree}"), Is.EqualTo("b"));
    }

    [Test]
    public void A_rename_between_two_names_of_one_object_drops_the_first()
    {
        var file = _to.MakeFile(1, _root, "a", "x");
        _to.Apply(Records.Named(Op.Link, file, _root, "b"));
        _to.ApplyTwice(Records.Rename(file, _root, "a", _root, "b"));
        Assert.That(Scratch.Sh($"ls {_to.Tree}"), Is.EqualTo("b"));
    }

    [Test]
    public void A_symlink_planted_in_place_of_a_directory_leads_nowhere()
    {
        var directory = _to.MakeDirectory(1, _root, "d");
        _to.MakeFile(2, directory, "old", "");
        Directory.CreateDirectory(_to.Outside("victim"));
        Directory.Move(_to.At("d"), _to.At("moved away"));
        File.CreateSymbolicLink(_to.At("d"), _to.Outside("victim"));

        _to.MakeFile(3, directory, "new", "x");
        _to.ApplyTwice(Records.Named(Op.Unlink, Records.Fid(2), directory, "old"));

        Assert.That(Scratch.Sh($"ls -A {_to.Outside("victim")}"), Is.Empty);
        Assert.That(Scratch.Sh($"ls '{_to.At("moved away")}'"), Is.EqualTo("new"));
    }

    [Test]
    public void A_directory_moved_out_of_the_fileset_is_gone_from_it()
    {
        var directory = _to.MakeDirectory(1, _root, "d");
        Directory.Move(_to.At("d"), _to.Outside("d"));
        _to.Reopen();
        Assert.That(_to.Apply(Records.Make(Op.Create, Records.Fid(3), directory, "new", FileType.Regular | 0x1a4)),
            Is.EqualTo(new ApplyOutcome(ApplyStatus.MissingParent, directory)));
        Assert.That(Scratch.Sh($"ls -A {_to.Outside("d")}"), Is.Empty);
    }

    [Test]
    public void An_inode_outside_the_fileset_cannot_be_named()
    {
        File.WriteAllText(_to.Outside("secret"), "secret");
        using var fd = new Fd(Interop.Sys.OpenAt(Records.Bytes(_to.Outside("secret") + '\0'), OpenFlags.ReadOnly));
        var fid = LocalFid.Of(fd, PlainFixture.Self, out _);
        Assert.That(_to.Replica.Tree.Open(fid), Is.Null);
        Assert.That(_to.Apply(Records.SetAttr(fid, PlainFixture.Attr(FileType.Regular | 0x1ff))).Status, Is.EqualTo(ApplyStatus.MissingObject));
    }

    [Test]
    public void A_name_that_cannot_be_is_refused()
    {
        foreach (var name in new[] { "..", ".", "a/b", "" })
        {
            var state = PlainFixture.FileState(0);
            Assert.That(_to.Applier.EnterObject(_to.Origin, _root, Records.Bytes(name), Records.Fid(1), state, null).Status, Is.EqualTo(ApplyStatus.Refused), name);
        }
    }
}
