// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform.Tests;

[TestFixture("tmp")]
[TestFixture("/dev/shm")]
public class ApplyContentTests(string where)
{
    private static readonly KmlTime s_later = new(1_700_000_100, 1);
    private static readonly LogId s_log = new(1, 2);

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
    public void New_content_takes_the_place_of_the_old_one_while_a_reader_keeps_that()
    {
        var file = _to.MakeFile(1, _root, "a", "old");
        using var reader = File.OpenText(_to.At("a"));
        _to.ApplyTwice(Close(file, "a", 9), PlainFixture.FileState(9, 0x180, time: s_later), PlainFixture.Text("brand new"));
        Assert.That(File.ReadAllText(_to.At("a")), Is.EqualTo("brand new"));
        Assert.That(reader.ReadToEnd(), Is.EqualTo("old"));
        Assert.That(Scratch.Sh($"stat -c '%a %.9Y' {_to.At("a")}"), Is.EqualTo("600 1700000100.000000001"));
        Assert.That(_to.Replica.Tree.Open(file), Is.Not.Null);
    }

    [Test]
    public void A_wrong_hint_is_no_harm()
    {
        var file = _to.MakeFile(1, _root, "a", "old");
        var other = _to.MakeFile(2, _root, "b", "other");
        _to.ApplyTwice(Close(file, "b", 3), PlainFixture.FileState(3, time: s_later), PlainFixture.Text("new"));
        Assert.That(File.ReadAllText(_to.At("a")), Is.EqualTo("new"));
        Assert.That(File.ReadAllText(_to.At("b")), Is.EqualTo("other"));
        Assert.That(_to.Replica.Tree.Open(other), Is.Not.Null);
    }

    [Test]
    public void Xattrs_that_do_not_travel_stay()
    {
        var file = _to.MakeFile(1, _root, "a", "old");
        _to.ApplyTwice(Records.Xattr(Op.SetXattr, file, "trusted.x", [5]));
        _to.ApplyTwice(Close(file, "a", 3), null, PlainFixture.Text("new"));
        using var read = _to.Replica.Tree.Open(file)!;
        Assert.That(read.ReadState().Xattrs!.Single().Value, Is.EqualTo(new byte[] { 5 }));
    }

    [Test]
    public void Hard_links_stay_links_when_content_changes()
    {
        var file = _to.MakeFile(1, _root, "a", "a long old content");
        _to.Apply(Records.Named(Op.Link, file, _root, "b"));
        _to.ApplyTwice(Close(file, "a", 3), PlainFixture.FileState(3, time: s_later), PlainFixture.Text("new"));
        Assert.That(File.ReadAllText(_to.At("b")), Is.EqualTo("new"));
        Assert.That(Scratch.Sh($"stat -c '%h %.9Y' {_to.At("b")}"), Is.EqualTo("2 1700000100.000000001"));
        _to.Applier.Flush();
        Assert.That(Scratch.Sh($"ls {_to.Tree}/.intermezzo/home/staging/redo"), Is.Empty);
    }

    [Test]
    public void What_a_crash_cut_short_in_place_is_finished_at_start()
    {
        var file = _to.MakeFile(1, _root, "a", "a long old content");
        _to.Apply(Records.Named(Op.Link, file, _root, "b"));
        _to.Apply(Close(file, "a", 3), PlainFixture.FileState(3, time: s_later), PlainFixture.Text("new"));

        // Killed in the middle of writing: the redo file is there, the object half written.
        File.WriteAllText(_to.At("a"), "nelong old c");
        _to.Reopen();

        Assert.That(File.ReadAllText(_to.At("b")), Is.EqualTo("new"));
        Assert.That(Scratch.Sh($"stat -c '%h %.9Y' {_to.At("b")}"), Is.EqualTo("2 1700000100.000000001"));
        Assert.That(Scratch.Sh($"ls {_to.Tree}/.intermezzo/home/staging/redo"), Is.Empty);
    }

    [Test]
    public void In_place_content_keeps_its_holes()
    {
        var file = _to.MakeFile(1, _root, "a", "");
        _to.Apply(Records.Named(Op.Link, file, _root, "b"));
        File.WriteAllBytes(_to.At("a"), Enumerable.Repeat((byte)7, 1 << 20).ToArray());
        var content = new InlineContent(2 << 20, [new ContentPiece(1 << 19, new byte[] { 1 })]);
        _to.ApplyTwice(Close(file, "a", 2 << 20), PlainFixture.FileState(2 << 20, time: s_later), content);
        var expected = new byte[2 << 20];
        expected[1 << 19] = 1;
        Assert.That(File.ReadAllBytes(_to.At("b")).AsSpan().SequenceEqual(expected), Is.True);
        Assert.That(int.Parse(Scratch.Sh($"stat -c '%b' {_to.At("b")}")), Is.LessThan(128));
    }

    [Test]
    public void A_content_that_came_whole_is_not_held_open()
    {
        var contents = Enumerable.Range(1, 50)
            .Select(number => _to.Replica.Stage.Open(new ContentKey(new Fid(9, (ulong)number, 1), new LogId(1, 2), (ulong)number))).ToList();
        var open = OpenFiles();
        foreach (var content in contents)
        {
            content.Write(0, "whole"u8);
            content.Complete(5);
        }

        Assert.That(open - OpenFiles(), Is.EqualTo(contents.Count));
        contents.ForEach(content => content.Dispose());

        int OpenFiles() => int.Parse(Scratch.Sh($"ls -l /proc/$PPID/fd 2>/dev/null | grep -cF '{_to.At(".intermezzo")}' || :"));
    }

    [Test]
    public void A_staged_content_becomes_the_file()
    {
        var key = new ContentKey(Records.Fid(1), s_log, 4096);
        using var staging = _to.Replica.Stage.Open(key);
        staging.Write(0, "begin"u8);
        staging.Write(1 << 20, "end"u8);
        staging.Complete((1 << 20) + 100);
        var record = Records.Make(Op.Create, Records.Fid(1), _root, "big", FileType.Regular | 0x1a4);
        Assert.That(_to.Apply(record, PlainFixture.FileState((1 << 20) + 100), new StagedContent(staging)), Has.Property(nameof(ApplyOutcome.Status)).EqualTo(ApplyStatus.Applied));
        Assert.That(Scratch.Sh($"stat -c '%s %.9Y' {_to.At("big")}; tail -c 100 {_to.At("big")} | wc -c; getfattr -m trusted -d {_to.At("big")} 2>/dev/null | grep -c trusted"),
            Is.EqualTo("1048676 1700000000.123456789\n100\n1"));
        Assert.That(_to.Replica.Stage.List(), Is.Empty);
    }

    [Test]
    public void A_staged_content_goes_on_after_a_restart_and_survives_a_failed_try()
    {
        var key = new ContentKey(Records.Fid(1), s_log, 4096);
        using (var staging = _to.Replica.Stage.Open(key))
        {
            staging.Write(0, "0123456789"u8);
        }

        _to.Reopen();
        Assert.That(_to.Replica.Stage.List(), Is.EqualTo(new[] { new StagedLength(key, 10, false) }));
        using var again = _to.Replica.Stage.Open(key);
        Assert.That(again.Length, Is.EqualTo(10));
        again.Write(10, "ab"u8);
        again.Complete(12);

        File.WriteAllText(_to.At("f"), "taken");
        var record = Records.Make(Op.Create, Records.Fid(1), _root, "f", FileType.Regular | 0x1a4);
        Assert.That(_to.Apply(record, PlainFixture.FileState(12), new StagedContent(again)).Status, Is.EqualTo(ApplyStatus.NameTaken));
        File.Delete(_to.At("f"));
        Assert.That(_to.Apply(record, PlainFixture.FileState(12), new StagedContent(again)).Status, Is.EqualTo(ApplyStatus.Applied));
        Assert.That(File.ReadAllText(_to.At("f")), Is.EqualTo("0123456789ab"));
    }

    [Test]
    public void Stale_staging_files_are_removed_and_those_in_use_stay()
    {
        var stale = new ContentKey(Records.Fid(1), s_log, 16);
        var used = new ContentKey(Records.Fid(2), s_log, 32);
        _to.Replica.Stage.Open(stale).Dispose();
        using var file = _to.Replica.Stage.Open(used);
        _to.Replica.Stage.Clean(_ => false);
        Assert.That(_to.Replica.Stage.List().Select(s => s.Key), Is.EqualTo(new[] { used }));
        Assert.That(() => _to.Replica.Stage.Open(used), Throws.InvalidOperationException);
    }

    [Test]
    public void A_file_that_is_executed_is_busy_when_it_cannot_be_replaced()
    {
        File.Copy("/bin/sleep", _to.At("exe"));
        Scratch.Sh($"chmod 755 {_to.At("exe")}; ln {_to.At("exe")} {_to.At("exe2")}");
        using var there = Find("exe");
        using var process = System.Diagnostics.Process.Start(_to.At("exe"), "60");
        var outcome = _to.Apply(Close(there.Fid, "exe", 3), PlainFixture.FileState(3, 0x1ed), PlainFixture.Text("new"));
        process.Kill();
        process.WaitForExit();
        Assert.That(outcome, Is.EqualTo(new ApplyOutcome(ApplyStatus.Busy, there.Fid)));
    }

    [Test]
    public void Attributes_change_in_the_right_order()
    {
        var file = _to.MakeFile(1, _root, "a", "0123456789");
        var attr = PlainFixture.Attr(FileType.Regular | 0x9ed, 4, 1000, 1000, s_later);
        _to.ApplyTwice(Records.SetAttr(file, attr));
        Assert.That(Scratch.Sh($"stat -c '%a %u %g %s %.9Y' {_to.At("a")}"), Is.EqualTo("4755 1000 1000 4 1700000100.000000001"));
        _to.ApplyTwice(Records.SetAttr(file, new KmlAttr { Valid = AttrValid.Uid, Uid = 7 }));
        Assert.That(Scratch.Sh($"stat -c '%a %u %g' {_to.At("a")}"), Is.EqualTo("4755 7 1000"));
    }

    [Test]
    public void A_truncation_leaves_the_time_it_had_at_its_origin()
    {
        var file = _to.MakeFile(1, _root, "a", "0123456789");
        _to.ApplyTwice(Records.SetAttr(file, new KmlAttr { Valid = AttrValid.Size, Size = 3 }));
        Assert.That(Scratch.Sh($"stat -c '%s %.9Y' {_to.At("a")}"), Is.EqualTo("3 1700000000.123456789"));
    }

    [Test]
    public void An_absurd_size_is_refused()
    {
        var file = _to.MakeFile(1, _root, "a", "x");
        var outcome = _to.Apply(Records.SetAttr(file, new KmlAttr { Valid = AttrValid.Size, Size = ulong.MaxValue }));
        Assert.That(outcome, Is.EqualTo(new ApplyOutcome(ApplyStatus.Refused, file, Errno: Errno.EFBIG)));
    }

    [Test]
    public void Xattrs_come_and_go()
    {
        var file = _to.MakeFile(1, _root, "a", "x");
        _to.ApplyTwice(Records.Xattr(Op.SetXattr, file, "trusted.x", []));
        _to.ApplyTwice(Records.Xattr(Op.SetXattr, file, "trusted.x", new byte[3000]));
        _to.ApplyTwice(Records.Xattr(Op.RemoveXattr, file, "trusted.x"));
        Assert.That(_to.Apply(Records.Xattr(Op.SetXattr, file, "trusted.intermezzo.fid", new byte[24])).Status, Is.EqualTo(ApplyStatus.Refused));
    }

    [Test]
    public void New_content_leaves_the_mtime_of_its_directory()
    {
        var directory = _to.MakeDirectory(1, _root, "d");
        var file = _to.MakeFile(2, directory, "f", "old");
        Scratch.Sh($"touch -d @1000000000.5 {_to.At("d")}");
        var close = Records.Named(Op.Close, file, directory, "f", PlainFixture.Attr(FileType.Regular | 0x1a4, 5, time: s_later));
        _to.Applier.Apply(_to.Origin, RecordView.Parse(close), null, PlainFixture.Text("fresh"));
        Assert.That(File.ReadAllText(_to.At("d/f")), Is.EqualTo("fresh"));
        Assert.That(Scratch.Sh($"stat -c '%.9Y' {_to.At("d")}"), Is.EqualTo("1000000000.500000000"));
    }

    [Test]
    public void Only_the_last_noted_time_of_a_directory_is_set()
    {
        var directory = _to.MakeDirectory(1, _root, "d");
        _to.MakeFile(2, directory, "f", "");
        _to.Applier.NoteParentTime(directory, new KmlTime(1000, 1));
        _to.Applier.NoteParentTime(directory, new KmlTime(1_600_000_000, 5));
        _to.Applier.ApplyParentTimes(_to.Origin);
        Assert.That(Scratch.Sh($"stat -c '%.9Y' {_to.At("d")}"), Is.EqualTo("1600000000.000000005"));
    }

    private byte[] Close(Fid file, string name, long size) =>
        Records.Named(Op.Close, file, _root, name, PlainFixture.Attr(FileType.Regular | 0x1a4, size, time: s_later));

    private ITreeObject Find(string name)
    {
        var fid = _to.Replica.Tree.Walk().Where(entry => entry.Name.Span.SequenceEqual(Records.Bytes(name))).Select(entry => entry.Object.Fid).First();
        return _to.Replica.Tree.Open(fid)!;
    }
}
