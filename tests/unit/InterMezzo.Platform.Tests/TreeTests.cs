// SPDX-License-Identifier: GPL-2.0-or-later
using System.Text;
using InterMezzo.Journal;

namespace InterMezzo.Platform.Tests;

[TestFixture("tmp")]
[TestFixture("/dev/shm")]
public class TreeTests(string where)
{
    private PlainFixture _at = null!;

    [SetUp]
    public void SetUp() => _at = new PlainFixture(where);

    [TearDown]
    public void TearDown() => _at.Dispose();

    [Test]
    public void A_walk_meets_parents_first_and_leaves_out_the_control_directory()
    {
        Scratch.Sh($"cd {_at.Tree}; mkdir -p a/b/c x; echo 1 > a/b/f; ln a/b/f x/g; ln -s nowhere a/l; mkfifo x/p");
        var paths = new Dictionary<Fid, string>();
        var met = new List<string>();
        foreach (var entry in _at.Replica.Tree.Walk())
        {
            var path = entry.Name.IsEmpty ? "" : paths[entry.Parent] + "/" + Encoding.UTF8.GetString(entry.Name.Span);
            paths[entry.Object.Fid] = path;
            met.Add(path);
        }

        Assert.That(met, Is.EquivalentTo(new[] { "", "/a", "/a/b", "/a/b/c", "/a/b/f", "/a/l", "/x", "/x/g", "/x/p" }));
    }

    [Test]
    public void Hard_links_are_met_as_one_object()
    {
        Scratch.Sh($"cd {_at.Tree}; echo 1 > f; ln f g");
        var fids = _at.Replica.Tree.Walk().Skip(1).Select(entry => (entry.Object.Fid, entry.Object.Links)).Distinct().ToList();
        Assert.That(fids, Has.Count.EqualTo(1));
        Assert.That(fids[0].Links, Is.EqualTo(2));
    }

    [Test]
    public void A_subtree_can_be_walked_alone()
    {
        Scratch.Sh($"cd {_at.Tree}; mkdir -p a/b; touch a/b/f c");
        var a = _at.Replica.Tree.Walk().First(entry => entry.Name.Span.SequenceEqual("a"u8)).Object.Fid;
        Assert.That(_at.Replica.Tree.Walk(a).Select(entry => Encoding.UTF8.GetString(entry.Name.Span)), Is.EqualTo(new[] { "", "b", "f" }));
    }

    [Test]
    public void What_was_met_is_opened_by_identity_and_gone_when_removed()
    {
        File.WriteAllText(_at.At("f"), "text");
        var fid = _at.Replica.Tree.Walk().Last().Object.Fid;
        File.Move(_at.At("f"), _at.At("g"));
        using (var read = _at.Replica.Tree.Open(fid)!)
        {
            var buffer = new byte[10];
            Assert.That(Encoding.UTF8.GetString(buffer, 0, read.Read(0, buffer)), Is.EqualTo("text"));
            Assert.That(read.ReadState().Attr.Size, Is.EqualTo(4));
        }

        File.Delete(_at.At("g"));
        Assert.That(_at.Replica.Tree.Open(fid), Is.Null);
    }

    [Test]
    public void A_walk_survives_that_the_tree_changes_under_it()
    {
        Scratch.Sh($"cd {_at.Tree}; for i in 1 2 3 4 5 6 7 8 9; do mkdir -p d$i/e; touch d$i/f; done; mkdir stays; touch stays/f");
        using var done = new CancellationTokenSource();
        var changes = Task.Run(() =>
        {
            for (var i = 0; !done.IsCancellationRequested; i++)
            {
                var name = _at.At($"d{(i % 9) + 1}");
                Directory.Move(name, name + "x");
                Directory.Delete(name + "x", recursive: true);
                Directory.CreateDirectory(Path.Combine(name, "e"));
                File.WriteAllText(Path.Combine(name, "f"), "");
            }
        });
        for (var round = 0; round < 50; round++)
        {
            var met = _at.Replica.Tree.Walk().Select(entry => Encoding.UTF8.GetString(entry.Name.Span)).ToList();
            Assert.That(met, Does.Contain("stays"));
        }

        done.Cancel();
        Assert.That(async () => await changes, Throws.Nothing);
    }

    [Test]
    public void A_walk_of_a_tree_400_deep_holds_few_descriptors()
    {
        var path = string.Join('/', Enumerable.Repeat("d", 400));
        Scratch.Sh($"cd {_at.Tree}; mkdir -p {path}; touch {path}/f");
        var before = Directory.GetFiles("/proc/self/fd").Length;
        var most = 0;
        var count = 0;
        foreach (var _ in _at.Replica.Tree.Walk())
        {
            count++;
            most = Math.Max(most, Directory.GetFiles("/proc/self/fd").Length);
        }

        Assert.That(count, Is.EqualTo(402));
        Assert.That(most - before, Is.LessThan(150));
    }

    [Test]
    public void An_index_that_is_lost_is_made_anew_from_the_tree()
    {
        var directory = _at.MakeDirectory(1, _at.Root, "d");
        var file = _at.MakeFile(2, directory, "f", "x");
        _at.Reopen(losingIndex: true);
        using var read = _at.Replica.Tree.Open(file);
        Assert.That(read, Is.Not.Null);
        _at.MakeFile(3, directory, "g", "y");
    }

    [Test]
    public void An_index_that_is_damaged_is_made_anew()
    {
        var file = _at.MakeFile(2, _at.Root, "f", "x");
        _at.Replica.Dispose();
        File.WriteAllBytes(Path.Combine(_at.State, "home.db"), new byte[8192]);
        _at.Reopen();
        using var read = _at.Replica.Tree.Open(file);
        Assert.That(read, Is.Not.Null);
    }

    [Test]
    public void What_was_not_flushed_before_a_crash_is_applied_again()
    {
        _at.Applier.Flush();
        var record = Records.Make(Op.Mkdir, Records.Fid(1), _at.Root, "d", FileType.Directory | 0x1ed);
        var inner = Records.Make(Op.Create, Records.Fid(2), Records.Fid(1), "f", FileType.Regular | 0x1a4);
        _at.Apply(record);
        _at.Apply(inner);
        _at.Reopen();
        Assert.That(_at.Apply(record), Is.EqualTo(Replication.Ports.ApplyOutcome.AlreadySo));
        Assert.That(_at.Apply(inner), Is.EqualTo(Replication.Ports.ApplyOutcome.AlreadySo));
        using var read = _at.Replica.Tree.Open(Records.Fid(2));
        Assert.That(read, Is.Not.Null);
    }

    [Test]
    public void Progress_lasts_from_flush_to_flush()
    {
        var index = _at.Replica.Index;
        index.SaveProgress(5, [1, 2, 3]);
        _at.Applier.Flush();
        index.SaveProgress(5, [4]);
        _at.Reopen();
        Assert.That(_at.Replica.Index.LoadProgress().Single().Payload, Is.EqualTo(new byte[] { 1, 2, 3 }));
    }
}
