// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform.Tests;

/// <summary>By what two replicas know that they keep the same, and the list of what was resolved.</summary>
[TestFixture("tmp")]
[TestFixture("/dev/shm")]
public class KeptDigestTests(string where)
{
    private PlainFixture _to = null!;
    private ulong _count;

    [SetUp]
    public void SetUp() => _to = new PlainFixture(where);

    [TearDown]
    public void TearDown() => _to.Dispose();

    [TestCase("echo text >a", "echo text >b; chmod 600 b; touch -d 2001-01-01 b", true)]
    [TestCase("echo text >a", "echo test >b", false)]
    [TestCase("echo text >a", "echo text >b; truncate -s 6 b", false)]
    [TestCase("truncate -s 10M a; echo x >>a", "dd if=/dev/zero of=b bs=1M count=10 status=none; echo x >>b", true, Description = "holes and zeros")]
    [TestCase("truncate -s 10M a; echo x >>a", "truncate -s 9M b; echo x >>b; truncate -s 10485762 b", false, Description = "the same at another place")]
    [TestCase("truncate -s 5000 a; printf xy | dd of=a bs=1 seek=4095 conv=notrunc status=none", "head -c 5000 /dev/zero >b; printf xy | dd of=b bs=1 seek=4095 conv=notrunc status=none", true)]
    [TestCase("ln -s here a", "ln -s here b", true)]
    [TestCase("ln -s here a", "ln -s there b", false)]
    [TestCase("ln -s here a", "printf here >b", false)]
    [TestCase("mkdir -p a/x; echo 1 >a/x/1; echo 2 >a/2", "mkdir b; echo 2 >b/2; mkdir b/x; echo 1 >b/x/1", true)]
    [TestCase("mkdir -p a/x; echo 1 >a/x/1; echo 2 >a/2", "mkdir -p b/x; echo 2 >b/x/1; echo 1 >b/2", false)]
    [TestCase("mkdir -p a/x; echo 1 >a/x/1", "mkdir -p b/x; echo 1 >b/1", false)]
    [TestCase("mkdir a", "mkdir b; : >b/empty", false)]
    public void Same_bytes_have_the_same_digest(string one, string other, bool same)
    {
        Scratch.Sh($"cd {_to.Tree}; {one}; {other}");
        var (first, second) = (Keep("a"), Keep("b"));
        Assert.That(first.SequenceEqual(second), Is.EqualTo(same));
        Assert.That(first, Has.Length.EqualTo(ResolvedConflict.DigestSize));
    }

    [Test]
    public void What_was_resolved_is_remembered_over_a_start()
    {
        Assert.That(_to.Replica.Conflicts.ReadResolved().Count, Is.Zero);
        var list = new ResolvedConflicts();
        list.Add(new ResolvedConflict(new Dot(2, 3), new Fid(1, 2, 3), [new byte[ResolvedConflict.DigestSize]]), 7);
        _to.Applier.NoteResolved(list);
        list.Add(new ResolvedConflict(new Dot(2, 4), new Fid(1, 2, 3), []), 0);
        _to.Applier.NoteResolved(list);
        _to.Reopen();
        Assert.That(_to.Replica.Conflicts.ReadResolved().Encode(), Is.EqualTo(list.Encode()));
        Assert.That(_to.Replica.Conflicts.List(), Is.Empty);
        File.WriteAllText(Path.Combine(_to.Tree, ".intermezzo/home/resolved"), "not a list");
        Assert.That(_to.Replica.Conflicts.ReadResolved().Count, Is.Zero);
    }

    private byte[] Keep(string name)
    {
        using var it = _to.Replica.Tree.OpenAt(_to.Root, Records.Bytes(name))!;
        var conflict = new Conflict(new Dot(0x22, ++_count), new Dot(Records.Peer, 1), "name/name", DateTimeOffset.UnixEpoch, it.Fid, _to.Root, Records.Bytes(name));
        Assert.That(_to.Applier.EvictToConflictStore(_to.Origin, _to.Root, Records.Bytes(name), it.Fid, conflict).IsDone);
        return _to.Replica.Conflicts.Digests(_to.Replica.Conflicts.List().Single(kept => kept.Conflict.Loser == conflict.Loser)).Single();
    }
}
