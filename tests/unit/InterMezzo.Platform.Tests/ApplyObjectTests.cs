// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform.Tests;

[TestFixture("tmp")]
[TestFixture("/dev/shm")]
public class ApplyObjectTests(string where)
{
    private PlainFixture _to = null!;

    [SetUp]
    public void SetUp() => _to = new PlainFixture(where);

    [TearDown]
    public void TearDown() => _to.Dispose();

    [Test]
    public void A_file_arrives_with_content_mode_owner_and_time()
    {
        var record = Records.Make(Op.Create, Records.Fid(1), _to.Root, "a", FileType.Regular | 0x1a4);
        _to.ApplyTwice(record, PlainFixture.FileState(5, 0x9ed, 1000, 1001), PlainFixture.Text("hello"));
        Assert.That(File.ReadAllText(_to.At("a")), Is.EqualTo("hello"));
        Assert.That(Scratch.Sh($"stat -c '%a %u %g %s %.9Y' {_to.At("a")}"), Is.EqualTo("4755 1000 1001 5 1700000000.123456789"));
    }

    [Test]
    public void A_directory_a_symlink_and_an_empty_file_arrive_by_their_records_alone()
    {
        var root = _to.Root;
        _to.ApplyTwice(Records.Make(Op.Mkdir, Records.Fid(1), root, "d", FileType.Directory | 0x5f8));
        _to.ApplyTwice(Records.Make(Op.Symlink, Records.Fid(2), Records.Fid(1), "l", FileType.Symlink | 0x1ff, target: Records.Bytes("../x y")));
        _to.ApplyTwice(Records.Make(Op.Create, Records.Fid(3), Records.Fid(1), "f", FileType.Regular | 0x180));
        Assert.That(Scratch.Sh($"cd {_to.Tree}; stat -c '%F %a' d; readlink d/l; stat -c '%F %a' d/f"),
            Is.EqualTo("directory 2770\n../x y\nregular empty file 600"));
    }

    [Test]
    public void Fifos_sockets_and_device_nodes_arrive()
    {
        KmlAttr Device(uint major, uint minor) => new() { Valid = AttrValid.Device, Major = major, Minor = minor };
        var root = _to.Root;
        _to.ApplyTwice(Records.Make(Op.Mknod, Records.Fid(1), root, "fifo", FileType.Fifo | 0x180));
        _to.ApplyTwice(Records.Make(Op.Mknod, Records.Fid(2), root, "sock", FileType.Socket | 0x1ed));
        _to.ApplyTwice(Records.Make(Op.Mknod, Records.Fid(3), root, "null", FileType.CharDevice | 0x1b6, Device(1, 3)));
        _to.ApplyTwice(Records.Make(Op.Mknod, Records.Fid(4), root, "disk", FileType.BlockDevice | 0x1b0, Device(259, 70_000)));
        Assert.That(Scratch.Sh($"cd {_to.Tree}; stat -c '%F %a %Hr:%Lr' fifo sock null disk"),
            Is.EqualTo("fifo 600 0:0\nsocket 755 0:0\ncharacter special file 666 1:3\nblock special file 660 259:70000"));
    }

    [Test]
    public void A_fileset_that_takes_no_devices_refuses_them()
    {
        using var strict = new PlainFixture(where, new ApplyOptions(AllowDevices: false));
        var outcome = strict.Apply(Records.Make(Op.Mknod, Records.Fid(3), strict.Root, "null", FileType.CharDevice | 0x1b6));
        Assert.That(outcome, Is.EqualTo(new ApplyOutcome(ApplyStatus.Refused, Records.Fid(3), Errno: 1)));
        Assert.That(File.Exists(strict.At("null")), Is.False);
    }

    [Test]
    public void A_type_that_does_not_exist_is_refused()
    {
        var outcome = _to.Apply(Records.Make(Op.Mknod, Records.Fid(3), _to.Root, "odd", 0x3000));
        Assert.That(outcome.Status, Is.EqualTo(ApplyStatus.Refused));
    }

    [Test]
    public void Names_of_every_byte_arrive()
    {
        for (var b = 1; b < 256; b++)
        {
            if (b != '/' && b != '.')
            {
                var record = Records.Make(Op.Create, Records.Fid((ulong)b), _to.Root, [(byte)b], FileType.Regular | 0x1a4);
                Assert.That(_to.Apply(record), Has.Property(nameof(ApplyOutcome.Status)).EqualTo(ApplyStatus.Applied));
            }
        }

        var met = _to.Replica.Tree.Walk().Skip(1).Select(entry => (int)entry.Name.Span[0]).Order().ToArray();
        Assert.That(met, Is.EqualTo(Enumerable.Range(1, 255).Where(b => b != '/' && b != '.')));
    }

    [Test]
    public void Names_of_255_bytes_and_directories_200_deep_arrive()
    {
        var parent = _to.Root;
        var name = new string('n', 255);
        for (var depth = 1ul; depth <= 200; depth++)
        {
            parent = _to.MakeDirectory(depth, parent, name);
        }

        _to.MakeFile(1000, parent, name, "deep");
        var count = 0;
        foreach (var entry in _to.Replica.Tree.Walk())
        {
            count++;
            if (entry.Object.Fid == Records.Fid(1000))
            {
                Assert.That(entry.Parent, Is.EqualTo(Records.Fid(200)));
            }
        }

        Assert.That(count, Is.EqualTo(202));
    }

    [Test]
    public void Holes_stay_holes()
    {
        var piece = new ContentPiece(64 << 20, new byte[] { 1, 2, 3 });
        var content = new InlineContent(128 << 20, [piece]);
        var record = Records.Make(Op.Create, Records.Fid(1), _to.Root, "sparse", FileType.Regular | 0x1a4);
        Assert.That(_to.Apply(record, PlainFixture.FileState(128 << 20), content), Has.Property(nameof(ApplyOutcome.Status)).EqualTo(ApplyStatus.Applied));
        Assert.That(Scratch.Sh($"stat -c '%s' {_to.At("sparse")}"), Is.EqualTo("134217728"));
        Assert.That(int.Parse(Scratch.Sh($"stat -c '%b' {_to.At("sparse")}")), Is.LessThan(64));

        using var read = _to.Replica.Tree.Open(Records.Fid(1))!;
        Assert.That(read.NextData(0, out var start, out var end), Is.True);
        Assert.That((start, end), Is.EqualTo((64ul << 20, (64ul << 20) + 4096)));
        Assert.That(read.NextData(end, out _, out _), Is.False);
    }

    [Test]
    public void Xattrs_and_acls_arrive_and_are_read_back()
    {
        byte[] acl = [2, 0, 0, 0, 1, 0, 6, 0, 0xff, 0xff, 0xff, 0xff, 2, 0, 4, 0, 0xe8, 3, 0, 0, 4, 0, 4, 0, 0xff, 0xff, 0xff, 0xff, 0x10, 0, 4, 0, 0xff, 0xff, 0xff, 0xff, 0x20, 0, 0, 0, 0xff, 0xff, 0xff, 0xff];
        Xattr[] xattrs = [new("trusted.color"u8.ToArray(), [1, 0, 2]), new("system.posix_acl_access"u8.ToArray(), acl)];
        var record = Records.Make(Op.Create, Records.Fid(1), _to.Root, "a", FileType.Regular | 0x1a0);
        Assert.That(_to.Apply(record, PlainFixture.FileState(0, 0x1a0, xattrs: xattrs)), Has.Property(nameof(ApplyOutcome.Status)).EqualTo(ApplyStatus.Applied));

        using var read = _to.Replica.Tree.Open(Records.Fid(1))!;
        var state = read.ReadState();
        Assert.That(state.Xattrs!.Select(x => (System.Text.Encoding.ASCII.GetString(x.Name), Convert.ToHexString(x.Value))),
            Is.EquivalentTo(xattrs.Select(x => (System.Text.Encoding.ASCII.GetString(x.Name), Convert.ToHexString(x.Value)))));
        Assert.That(state.Attr.Mode, Is.EqualTo(FileType.Regular | 0x1a0u));
    }

    [Test]
    public void A_symlink_has_owner_time_and_identity_of_its_own()
    {
        var state = new ObjectState { Attr = PlainFixture.Attr(FileType.Symlink | 0x1ff, 0, 12, 34), Target = Records.Bytes("nowhere") };
        _to.Apply(Records.Make(Op.Symlink, Records.Fid(1), _to.Root, "l", FileType.Symlink | 0x1ff, target: Records.Bytes("nowhere")), state);
        Assert.That(Scratch.Sh($"stat -c '%u %g %.9Y' {_to.At("l")}"), Is.EqualTo("12 34 1700000000.123456789"));
        Assert.That(Scratch.Sh($"getfattr -h -n trusted.intermezzo.fid -e hex {_to.At("l")} 2>/dev/null | grep fid="),
            Is.EqualTo("trusted.intermezzo.fid=0x770000000000000001000000000000000700000000000000"));
    }

    [Test]
    public void A_missing_parent_is_told()
    {
        var outcome = _to.Apply(Records.Make(Op.Mkdir, Records.Fid(1), Records.Fid(99), "d", FileType.Directory | 0x1ed));
        Assert.That(outcome, Is.EqualTo(new ApplyOutcome(ApplyStatus.MissingParent, Records.Fid(99))));
    }

    [Test]
    public void A_file_as_parent_is_told()
    {
        var file = _to.MakeFile(1, _to.Root, "f", "");
        var outcome = _to.Apply(Records.Make(Op.Mkdir, Records.Fid(2), file, "d", FileType.Directory | 0x1ed));
        Assert.That(outcome, Is.EqualTo(new ApplyOutcome(ApplyStatus.WrongKind, file)));
    }

    [Test]
    public void A_name_that_is_taken_by_a_local_file_is_told_and_the_file_stays()
    {
        File.WriteAllText(_to.At("mine"), "mine");
        var outcome = _to.Apply(Records.Make(Op.Create, Records.Fid(1), _to.Root, "mine", FileType.Regular | 0x1a4));
        Assert.That(outcome.Status, Is.EqualTo(ApplyStatus.NameTaken));
        Assert.That(outcome.Subject.Replica, Is.EqualTo(PlainFixture.Self));
        Assert.That(File.ReadAllText(_to.At("mine")), Is.EqualTo("mine"));
    }

    [TestCase(".intermezzo")]
    public void The_control_directory_is_out_of_reach(string name)
    {
        var outcome = _to.Apply(Records.Make(Op.Create, Records.Fid(1), _to.Root, name, FileType.Regular | 0x1a4));
        Assert.That(outcome.Status, Is.EqualTo(ApplyStatus.Refused));
    }

    [Test]
    public void What_was_fetched_by_a_later_name_gets_the_one_that_it_was_made_with()
    {
        var file = _to.MakeFile(1, _to.Root, "second", "x");
        var made = Records.Make(Op.Create, file, _to.Root, "first", FileType.Regular | 0x1a4);
        var state = PlainFixture.FileState(1);
        var linked = new ObjectState { Attr = state.Attr with { Valid = state.Attr.Valid | AttrValid.Links, Links = 2 }, Xattrs = [] };
        _to.Apply(made, state);
        Assert.That(File.Exists(_to.At("first")), Is.False, "it had that name once");
        _to.ApplyTwice(made, linked);
        Assert.That(Scratch.Sh($"cd {_to.Tree}; stat -c '%n %h' first second"), Is.EqualTo("first 2\nsecond 2"));
    }

    [Test]
    public void Nothing_is_left_in_staging()
    {
        _to.MakeFile(1, _to.Root, "f", "x");
        _to.Apply(Records.Make(Op.Create, Records.Fid(2), _to.Root, "f", FileType.Regular | 0x1a4));
        Assert.That(Scratch.Sh($"find {_to.Tree}/.intermezzo/home/staging -mindepth 2"), Is.Empty);
    }
}
