// SPDX-License-Identifier: GPL-2.0-or-later
using System.Text;
using InterMezzo.Journal;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform.Tests;

/// <summary>chattr +i and +a, as an xattr of records and states.</summary>
[TestFixture("tmp")]
[TestFixture("/dev/shm")]
public class ApplyFlagsTests(string where)
{
    private const string Flags = "system.intermezzo.flags";

    private static readonly byte[] s_immutable = [0x10, 0, 0, 0];
    private static readonly byte[] s_append = [0x20, 0, 0, 0];

    private PlainFixture _to = null!;
    private Fid _root;
    private Fid _file;

    [SetUp]
    public void SetUp()
    {
        _to = new PlainFixture(where);
        _root = _to.Root;
        _file = _to.MakeFile(1, _root, "f", "old");
    }

    [TearDown]
    public void TearDown()
    {
        Scratch.Sh($"chattr -R -i -a {_to.Tree}");
        _to.Dispose();
    }

    [Test]
    public void Flags_come_and_go()
    {
        _to.ApplyTwice(Records.Xattr(Op.SetXattr, _file, Flags, s_immutable));
        Assert.That(FlagsOf("f"), Is.EqualTo("i"));
        _to.ApplyTwice(Records.Xattr(Op.SetXattr, _file, Flags, s_append));
        Assert.That(FlagsOf("f"), Is.EqualTo("a"));
        Assert.That(_to.Apply(Records.Xattr(Op.RemoveXattr, _file, Flags)).IsDone);
        Assert.That(FlagsOf("f"), Is.Empty);
    }

    [Test]
    public void They_are_part_of_an_objects_state()
    {
        _to.Apply(Records.Xattr(Op.SetXattr, _file, Flags, s_immutable));
        using var read = _to.Replica.Tree.Open(_file)!;
        Assert.That(read.ReadState().Xattrs!.Single(xattr => Encoding.ASCII.GetString(xattr.Name) == Flags).Value, Is.EqualTo(s_immutable));
    }

    [Test]
    public void What_was_appended_elsewhere_arrives_and_the_flag_stays()
    {
        _to.Apply(Records.Xattr(Op.SetXattr, _file, Flags, s_append));
        var close = Records.Named(Op.Close, _file, _root, "f", PlainFixture.Attr(FileType.Regular | 0x1a4, 7));
        Assert.That(_to.Apply(close, null, PlainFixture.Text("old new")), Has.Property(nameof(ApplyOutcome.Status)).EqualTo(ApplyStatus.Applied));
        Assert.That(File.ReadAllText(_to.At("f")), Is.EqualTo("old new"));
        Assert.That(FlagsOf("f"), Is.EqualTo("a"));
    }

    [Test]
    public void Changes_made_before_the_flag_was_known_arrive_and_the_flag_stays()
    {
        var directory = _to.MakeDirectory(2, _root, "d");
        _to.Apply(Records.Xattr(Op.SetXattr, _file, Flags, s_immutable));
        _to.Apply(Records.Xattr(Op.SetXattr, directory, Flags, s_immutable));
        Assert.That(_to.Apply(Records.SetAttr(_file, new KmlAttr { Valid = AttrValid.Mode, Mode = FileType.Regular | 0x180 })), Has.Property(nameof(ApplyOutcome.Status)).EqualTo(ApplyStatus.Applied));
        Assert.That(_to.Apply(Records.Rename(_file, _root, "f", directory, "g")), Has.Property(nameof(ApplyOutcome.Status)).EqualTo(ApplyStatus.Applied));
        Assert.That(Scratch.Sh($"stat -c %a {_to.At("d/g")}"), Is.EqualTo("600"));
        Assert.That(FlagsOf("d/g") + FlagsOf("d"), Is.EqualTo("ii"));
        Assert.That(_to.Apply(Records.Named(Op.Unlink, _file, directory, "g")), Has.Property(nameof(ApplyOutcome.Status)).EqualTo(ApplyStatus.Applied));
        Assert.That(FlagsOf("d"), Is.EqualTo("i"));
        Assert.That(Directory.GetFileSystemEntries(_to.At("d")), Is.Empty);
    }

    [Test]
    public void A_join_brings_them_when_all_is_in_its_place()
    {
        var join = _to.Replica.Join;
        var root = Records.Fid(20);
        ObjectState State(uint mode, long size) => new()
        {
            Attr = PlainFixture.Attr(mode, size) with { ChangeTime = new KmlTime(1, 0) },
            Xattrs = [new Xattr(Encoding.ASCII.GetBytes(Flags), s_immutable)],
        };
        join.Begin(root, new ObjectState { Attr = PlainFixture.Attr(FileType.Directory | 0x1c0), Xattrs = [] });
        join.Place(root, "dir"u8, Records.Fid(21), State(FileType.Directory | 0x1ed, 0));
        join.Place(Records.Fid(21), "file"u8, Records.Fid(22), State(FileType.Regular | 0x1a4, 5));
        join.Write(Records.Fid(22), 0, "hello"u8);
        join.Finish(Records.Fid(22), 5, null);
        join.Complete(_to.Origin, Records.Peer, DateTimeOffset.UnixEpoch, null, []);
        Assert.That(File.ReadAllText(_to.At("dir/file")), Is.EqualTo("hello"));
        Assert.That(FlagsOf("dir/file") + FlagsOf("dir"), Is.EqualTo("ii"));
    }

    [Test]
    public void What_is_immutable_here_is_no_obstacle_to_a_join()
    {
        Scratch.Sh($"cd {_to.Tree}; mkdir j; printf old > o; printf x > j/x; chattr +i o j/x j");
        var join = _to.Replica.Join;
        var root = Records.Fid(20);
        ObjectState State(uint mode, long size) => new() { Attr = PlainFixture.Attr(mode, size), Xattrs = [] };
        join.Begin(root, State(FileType.Directory | 0x1c0, 0));
        join.Place(root, "j"u8, Records.Fid(21), State(FileType.Directory | 0x1ed, 0));
        join.Place(Records.Fid(21), "x"u8, Records.Fid(22), State(FileType.Regular | 0x1a4, 0));
        join.Place(root, "o"u8, Records.Fid(23), State(FileType.Regular | 0x1a4, 0));
        Assert.That(join.Complete(_to.Origin, Records.Peer, DateTimeOffset.UnixEpoch, null, []), Is.EqualTo(2));
        Assert.That(Scratch.Sh($"cd {_to.Tree}; stat -c %s o j/x; cd .intermezzo/home/conflicts/*/kept; cat o x"), Is.EqualTo("0\n0\noldx"));
    }

    private string FlagsOf(string name) => Scratch.Sh($"lsattr -d {_to.At(name)} | cut -d' ' -f1 | tr -cd ia");
}
