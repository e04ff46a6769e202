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

    [Test]
    public void A_snapshot_becomes_the_tree_and_its_root_the_servers()
    {
        Join.Begin(s_root, s_rootState);
        Assert.That(PlaceDirectory(s_root, "d", 3).NeedsContent, Is.False);
        Assert.That(PlaceFile(Records.Fid(3), "f", 4, 5), Is.EqualTo(new JoinStep(true, 0)));
        Assert.That(PlaceFile(s_root, "link", 4, 5).NeedsContent, Is.False);
        Write(4, "hello");
        Assert.That(Join.Complete(_to.Origin, Records.Peer, DateTimeOffset.UnixEpoch), Is.Zero);

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
        Join.Complete(_to.Origin, Records.Peer, DateTimeOffset.UnixEpoch);

        Assert.That(Scratch.Sh($"cd {_to.Tree}/d; ls; cat whole part changes"), Is.EqualTo("changes\npart\nwhole\nwhole0123456789fresh"));
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
        Assert.That(Join.Complete(_to.Origin, Records.Peer, DateTimeOffset.UnixEpoch), Is.EqualTo(1));

        Assert.That(Scratch.Sh($"cd {_to.Tree}; cat same/f other/f mine .intermezzo/home/conflicts/*/kept/other/f"), Is.EqualTo("helloserverminelocal"));
        Assert.That(_to.Replica.Conflicts.List().Single().Conflict.Reason, Is.EqualTo("was here before the join"));
    }

    [Test]
    public void A_second_join_takes_the_place_of_the_tree_that_fell_behind()
    {
        Join.Begin(s_root, s_rootState);
        PlaceFile(s_root, "f", 4, 5);
        Write(4, "first");
        Join.Complete(_to.Origin, Records.Peer, DateTimeOffset.UnixEpoch);
        Join.Begin(s_root, s_rootState);
        PlaceFile(s_root, "f", 4, 6);
        Write(4, "second");
        Assert.That(Join.Complete(_to.Origin, Records.Peer, DateTimeOffset.UnixEpoch), Is.EqualTo(1));
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
        Join.Complete(_to.Origin, Records.Peer, DateTimeOffset.UnixEpoch);
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
        Assert.That(() => Join.Complete(_to.Origin, Records.Peer, DateTimeOffset.UnixEpoch), Throws.InstanceOf<IOException>());
        File.Delete(obstacle);

        _to.Reopen();
        Join.Begin(s_root, s_rootState);
        PlaceDirectory(s_root, "d", 3);
        Assert.That(PlaceFile(Records.Fid(3), "f", 4, 5), Is.EqualTo(new JoinStep(true, 0)));
        Write(4, "hello");
        PlaceDirectory(s_root, "in the way", 9);
        Assert.That(Join.Complete(_to.Origin, Records.Peer, DateTimeOffset.UnixEpoch), Is.EqualTo(1));
        Assert.That(Scratch.Sh($"cd {_to.Tree}; cat d/f; stat -c ' %F' 'in the way'"), Is.EqualTo("hello directory"));
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
