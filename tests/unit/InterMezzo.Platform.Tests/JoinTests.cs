// SPDX-License-Identifier: GPL-2.0-or-later
using System.Text;
using InterMezzo.Journal;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform.Tests;

[TestFixture("tmp")]
[TestFixture("/dev/shm")]
public class JoinTests(string where)
{
    private static readonly Fid s_root = Records.Fid(2);
    private static readonly ObjectState s_rootState = new() { Attr = PlainFixture.Attr(FileType.Directory | 0x1c0), Xattrs = [] };

    private PlainFixture _to = null!;

    [SetUp]
    public void SetUp() => _to = new PlainFixture(where);

    [TearDown]
    public void TearDown() => _to.Dispose();

    private IJoin Join => _to.Replica.Join;

    private int Complete(Predicate<Fid>? isUnsent = null) => Join.Complete(_to.Origin, Records.Peer, DateTimeOffset.UnixEpoch, isUnsent, []);

    [Test]
    public void A_snapshot_becomes_the_tree_and_its_root_the_servers()
    {
        Join.Begin(s_root, s_rootState);
        Assert.That(PlaceDirectory(s_root, "d", 3).NeedsContent, Is.False);
        Assert.That(PlaceFile(Records.Fid(3), "f", 4, 5), Is.EqualTo(new JoinStep(true, 0)));
        Assert.That(PlaceFile(s_root, "link", 4, 5).NeedsContent, Is.False);
        Write(4, "hello");
        Assert.That(Complete(), Is.Zero);

        Assert.That(File.ReadAllText(_to.At("d/f")), Is.EqualTo("hello"));
        Assert.That(Scratch.Sh($"cd {_to.Tree}; stat -c '%h' link; stat -c '%a %.9Y' d d/f .; ls -A .intermezzo/home/staging"), Is.EqualTo(
            "2\n755 1700000000.123456789\n644 1700000000.123456789\n700 1700000000.123456789\naside\ncontents\nobjects\nredo"));
        Assert.That(_to.Replica.Tree.Root, Is.EqualTo(s_root));
        _to.Reopen();
        Assert.That(_to.Replica.Tree.Root, Is.EqualTo(s_root));
        _to.MakeFile(9, Records.Fid(3), "new", "x");
        _to.MakeFile(10, s_root, "new", "x");
    }

    [Test]
    public void An_interrupted_join_keeps_what_is_there_in_the_right_version()
    {
        Join.Begin(s_root, s_rootState);
        PlaceDirectory(s_root, "d", 3);
        PlaceFile(Records.Fid(3), "whole", 4, 5);
        Write(4, "whole");
        PlaceFile(Records.Fid(3), "part", 5, 10);
        Join.Write(Records.Fid(5), 0, "01234"u8);
        PlaceFile(Records.Fid(3), "changes", 6, 5);
        Write(6, "stale");
        PlaceFile(Records.Fid(3), "goes", 7, 0);
        _to.Applier.Flush();
        _to.Reopen();

        Join.Begin(s_root, s_rootState);
        PlaceDirectory(s_root, "d", 3);
        Assert.That(PlaceFile(Records.Fid(3), "whole", 4, 5), Is.EqualTo(new JoinStep(false, 0)));
        Assert.That(PlaceFile(Records.Fid(3), "part", 5, 10), Is.EqualTo(new JoinStep(true, 5)));
        Assert.That(PlaceFile(Records.Fid(3), "changes", 6, 5, changed: 1), Is.EqualTo(new JoinStep(true, 0)));
        Join.Write(Records.Fid(5), 5, "56789"u8);
        Join.Finish(Records.Fid(5), 10, null);
        Write(6, "fresh");
        Complete();

        Assert.That(Scratch.Sh($"cd {_to.Tree}/d; ls; cat whole part changes"), Is.EqualTo("changes\npart\nwhole\nwhole0123456789fresh"));
    }

    [Test]
    public void An_object_of_two_names_is_one_though_the_index_had_lost_the_first()
    {
        Join.Begin(s_root, s_rootState);
        PlaceDirectory(s_root, "d", 3);
        _to.Applier.Flush();
        PlaceFile(Records.Fid(3), "name", 4, 5);
        Join.Write(Records.Fid(4), 0, "hel"u8);
        _to.Reopen();

        // The second walk meets the other name first.
        Join.Begin(s_root, s_rootState);
        Assert.That(PlaceFile(s_root, "link", 4, 5), Is.EqualTo(new JoinStep(true, 0)));
        PlaceDirectory(s_root, "d", 3);
        Assert.That(PlaceFile(Records.Fid(3), "name", 4, 5), Is.EqualTo(new JoinStep(false, 0)));
        Write(4, "hello");
        Complete();
        Assert.That(Scratch.Sh($"cd {_to.Tree}; cat d/name link; stat -c ' %h' d/name link"), Is.EqualTo("hellohello 2\n 2"));
    }

    [Test]
    public void Equal_data_is_adopted_and_other_data_is_kept_in_the_conflict_store()
    {
        Scratch.Sh($"cd {_to.Tree}; mkdir same other; printf hello > same/f; printf local > other/f; printf mine > mine; chmod 644 */f; chmod 755 same other");
        Join.Begin(s_root, s_rootState);
        PlaceDirectory(s_root, "same", 3);
        PlaceFile(Records.Fid(3), "f", 4, 5);
        Write(4, "hello");
        PlaceDirectory(s_root, "other", 5);
        PlaceFile(Records.Fid(5), "f", 6, 6);
        Write(6, "server");
        Assert.That(Complete(), Is.EqualTo(1));

        Assert.That(Scratch.Sh($"cd {_to.Tree}; cat same/f other/f mine .intermezzo/home/conflicts/*/kept/f"), Is.EqualTo("helloserverminelocal"));
        Assert.That(_to.Replica.Conflicts.List().Single().Conflict.Reason, Is.EqualTo("was here before the join"));
    }

    [Test]
    public void A_second_join_takes_the_place_of_the_tree_that_fell_behind()
    {
        Join.Begin(s_root, s_rootState);
        PlaceFile(s_root, "f", 4, 5);
        Write(4, "first");
        Complete();
        Join.Begin(s_root, s_rootState);
        PlaceFile(s_root, "f", 4, 6);
        Write(4, "second");
        Assert.That(Complete(_ => false), Is.Zero);
        Assert.That(File.ReadAllText(_to.At("f")), Is.EqualTo("second"));
        _to.ApplyTwice(Records.SetAttr(Records.Fid(4), new KmlAttr { Valid = AttrValid.Mode, Mode = FileType.Regular | 0x1ff }));
        Assert.That(Scratch.Sh($"stat -c %a {_to.At("f")}"), Is.EqualTo("777"));
    }

    [Test]
    public void A_directory_that_moves_while_it_is_walked_is_met_twice_and_stands_once()
    {
        Join.Begin(s_root, s_rootState);
        PlaceDirectory(s_root, "a", 3);
        PlaceFile(Records.Fid(3), "f", 4, 5);
        PlaceDirectory(s_root, "z", 5);
        PlaceDirectory(Records.Fid(5), "moved", 3);
        Assert.That(PlaceFile(Records.Fid(3), "f", 4, 5), Is.EqualTo(new JoinStep(false, 0)));
        PlaceFile(Records.Fid(3), "g", 6, 0);
        Write(4, "hello");
        Complete();
        Assert.That(Scratch.Sh($"cd {_to.Tree}; find . -path ./.intermezzo -prune -o -type f -printf '%p %n\\n' | sort; ls"), Is.EqualTo("./z/moved/f 1\n./z/moved/g 1\nz"));
    }

    [Test]
    public void A_join_that_was_interrupted_at_its_end_starts_over()
    {
        Join.Begin(s_root, s_rootState);
        PlaceDirectory(s_root, "d", 3);
        PlaceFile(Records.Fid(3), "f", 4, 5);
        Write(4, "hello");
        File.WriteAllText(_to.At("in the way"), "mine");
        PlaceDirectory(s_root, "in the way", 9);
        var obstacle = $"{_to.Tree}/.intermezzo/home/conflicts/11-0";
        File.WriteAllText(obstacle, "");
        Assert.That(() => Complete(), Throws.InstanceOf<IOException>());
        File.Delete(obstacle);

        _to.Reopen();
        Join.Begin(s_root, s_rootState);
        PlaceDirectory(s_root, "d", 3);
        Assert.That(PlaceFile(Records.Fid(3), "f", 4, 5), Is.EqualTo(new JoinStep(true, 0)));
        Write(4, "hello");
        PlaceDirectory(s_root, "in the way", 9);
        Assert.That(Complete(), Is.EqualTo(1));
        Assert.That(Scratch.Sh($"cd {_to.Tree}; cat d/f; stat -c ' %F' 'in the way'"), Is.EqualTo("hello directory"));
    }

    [Test]
    public void Directories_that_both_have_become_one_down_to_the_single_file()
    {
        Scratch.Sh($"cd {_to.Tree}; mkdir -p d/e d/mine; printf local > d/e/f; printf a > d/e/here; printf b > d/mine/x; chmod 700 d");
        Join.Begin(s_root, s_rootState);
        PlaceDirectory(s_root, "d", 3);
        PlaceDirectory(Records.Fid(3), "e", 4);
        PlaceFile(Records.Fid(4), "f", 5, 6);
        Write(5, "server");
        PlaceFile(Records.Fid(4), "there", 6, 1);
        Write(6, "c");
        Assert.That(Complete(), Is.EqualTo(1));

        Assert.That(Scratch.Sh($"cd {_to.Tree}; stat -c '%a %.9Y' d; cat d/e/f d/e/here d/e/there d/mine/x .intermezzo/home/conflicts/*/kept/f; ls d/e"), Is.EqualTo(
            "755 1700000000.123456789\nserveracblocalf\nhere\nthere"));
        Assert.That(_to.Replica.Conflicts.List().Single().Path, Is.EqualTo("d/e/f"u8.ToArray()));
        _to.MakeFile(9, Records.Fid(4), "later", "x");
        Assert.That(File.ReadAllText(_to.At("d/e/later")), Is.EqualTo("x"));
    }

    [Test]
    public void Each_conflict_of_a_join_lists_what_was_kept_of_it()
    {
        Scratch.Sh($"cd {_to.Tree}; mkdir a b; printf 1 > a/f; printf 2 > b/f; printf 3 > g");
        Join.Begin(s_root, s_rootState);
        PlaceDirectory(s_root, "a", 3);
        PlaceDirectory(s_root, "b", 4);
        PlaceFile(Records.Fid(3), "f", 5, 0);
        PlaceFile(Records.Fid(4), "f", 6, 0);
        PlaceFile(s_root, "g", 7, 0);
        Assert.That(Complete(), Is.EqualTo(3));
        Assert.That(_to.Replica.Conflicts.List().Select(kept =>
            $"{Encoding.UTF8.GetString(kept.Path)} {File.ReadAllText(_to.At($".intermezzo/home/conflicts/{kept.Directory}/kept/{Encoding.UTF8.GetString(kept.Kept.Single())}"))}"),
            Is.EquivalentTo(new[] { "a/f 1", "b/f 2", "g 3" }));
    }

    [Test]
    public void Of_two_versions_of_the_server_s_object_the_one_that_is_kept_is_it_no_more()
    {
        Join.Begin(s_root, s_rootState);
        PlaceFile(s_root, "f", 4, 6);
        Write(4, "server");
        Complete();
        File.WriteAllText(_to.At("f"), "mine");
        Join.Begin(s_root, s_rootState);
        PlaceFile(s_root, "f", 4, 6);
        Write(4, "server");
        Assert.That(Complete(), Is.EqualTo(1));

        _to.Apply(Records.Named(Op.Close, Records.Fid(4), s_root, "gone", PlainFixture.Attr(FileType.Regular | 0x1a4, 5)), null, PlainFixture.Text("newer"));
        Assert.That(Scratch.Sh($"cd {_to.Tree}; cat f .intermezzo/home/conflicts/*/kept/f"), Is.EqualTo("newermine"));
        _to.Reopen(losingIndex: true);
        _to.Apply(Records.Named(Op.Close, Records.Fid(4), s_root, "gone", PlainFixture.Attr(FileType.Regular | 0x1a4, 6)), null, PlainFixture.Text("newest"));
        Assert.That(Scratch.Sh($"cd {_to.Tree}; cat f .intermezzo/home/conflicts/*/kept/f"), Is.EqualTo("newestmine"));
    }

    [Test]
    public void An_object_that_went_while_its_content_was_fetched_is_found_until_the_log_tells()
    {
        Join.Begin(s_root, s_rootState);
        PlaceFile(s_root, "f", 4, 6);
        Join.Drop(Records.Fid(4));
        Complete();
        File.WriteAllText(_to.At("f"), "mine");
        using var there = _to.Replica.Tree.Open(Records.Fid(4));
        Assert.That(there?.ReadState().Attr.Size, Is.EqualTo(4));
    }

    [Test]
    public void A_second_join_removes_what_the_server_removed_and_keeps_what_it_never_saw()
    {
        Join.Begin(s_root, s_rootState);
        PlaceDirectory(s_root, "d", 3);
        foreach (var (ino, name) in new[] { (4ul, "gone"), (5ul, "changed"), (6ul, "written") })
        {
            PlaceFile(Records.Fid(3), name, ino, 1);
            Write(ino, "1");
        }

        Complete();
        Scratch.Sh($"cd {_to.Tree}/d; printf 2 > written; printf n > new");
        Join.Begin(s_root, s_rootState);
        PlaceDirectory(s_root, "moved", 3);
        PlaceFile(Records.Fid(3), "changed", 5, 2);
        Write(5, "22");
        PlaceFile(s_root, "written", 6, 2);
        Write(6, "33");
        Scratch.Sh($"mkdir {_to.At("moved")}; printf m > {_to.At("moved/mine")}");
        Assert.That(Complete(fid => fid == Records.Fid(6) || fid.Replica == PlainFixture.Self), Is.EqualTo(1));

        Assert.That(Scratch.Sh($"cd {_to.Tree}; cat moved/changed moved/mine written; find . -path ./.intermezzo -prune -o -type f -print | sort; cd .intermezzo/home/conflicts/*/kept; find d | sort; cat d/written d/new"), Is.EqualTo(
            "22m33./moved/changed\n./moved/mine\n./written\nd\nd/changed\nd/gone\nd/new\nd/written\n2n"));
    }

    [Test]
    public void Hostile_names_are_refused()
    {
        Join.Begin(s_root, s_rootState);
        Assert.That(() => PlaceDirectory(s_root, "..", 3), Throws.InvalidOperationException);
        Assert.That(() => PlaceDirectory(s_root, ".intermezzo", 3), Throws.InvalidOperationException);
        Assert.That(() => PlaceDirectory(Records.Fid(99), "d", 3), Throws.InvalidOperationException);
    }

    private JoinStep PlaceDirectory(Fid parent, string name, ulong ino) => Join.Place(
        parent, Encoding.UTF8.GetBytes(name), Records.Fid(ino), new ObjectState { Attr = PlainFixture.Attr(FileType.Directory | 0x1ed), Xattrs = [] });

    private JoinStep PlaceFile(Fid parent, string name, ulong ino, long size, uint changed = 0) => Join.Place(
        parent,
        Encoding.UTF8.GetBytes(name),
        Records.Fid(ino),
        new ObjectState { Attr = PlainFixture.Attr(FileType.Regular | 0x1a4, size) with { ChangeTime = new KmlTime(1, changed) }, Xattrs = [] });

    private void Write(ulong ino, string text)
    {
        Join.Write(Records.Fid(ino), 0, Encoding.UTF8.GetBytes(text));
        Join.Finish(Records.Fid(ino), (ulong)text.Length, null);
    }
}
