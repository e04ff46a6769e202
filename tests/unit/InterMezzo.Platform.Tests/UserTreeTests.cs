// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform.Tests;

/// <summary>What the command line does in a tree.</summary>
[TestFixture("tmp")]
[TestFixture("/dev/shm")]
public class UserTreeTests(string where)
{
    private Scratch _scratch = null!;

    [SetUp]
    public void SetUp()
    {
        _scratch = new Scratch(where);
        Directory.CreateDirectory(Tree);
    }

    [TearDown]
    public void TearDown() => _scratch.Dispose();

    private string Tree => _scratch.At("tree");

    [Test]
    public void A_version_comes_with_all_below_it()
    {
        using (var directory = UserDirectory.Open(Tree, []))
        using (var made = directory.Make("5c0ffee1"))
        {
            made.Begin(0, [], State(FileType.Directory | 0x16d), 1);
            made.Begin(1, Records.Bytes("a"), State(FileType.Directory | 0x1c0), 2);
            made.Begin(2, Records.Bytes("f"), State(FileType.Regular | 0x1a0, uid: 7, gid: 8), 3);
            made.Write(5, Records.Bytes("data"));
            made.EndAt(20);
            made.Begin(1, Records.Bytes("b"), State(FileType.Regular | 0x180, links: 2, xattrs: [new Xattr(Records.Bytes("trusted.x"), [1])]), 4);
            made.Write(0, Records.Bytes("two"));
            made.EndAt(3);
            made.Begin(1, Records.Bytes("c"), State(FileType.Regular | 0x180, links: 2), 4);
            made.Begin(1, Records.Bytes("l"), new ObjectState { Attr = State(FileType.Symlink | 0x1ff).Attr, Target = Records.Bytes("../f") }, 5);
            Assert.That(made.Enter(Records.Bytes("d")), Is.True);
        }

        Assert.That(
            Scratch.Sh($"cd {Tree}; find . -printf '%p %y %m %U:%G %s %n %l %T@\\n' | sed -E 's/ d ([0-9]+) ([0-9:]+) [0-9]+ [0-9]+/ d \\1 \\2/' | sort | tail -n +2; getfattr --only-values -n trusted.x d/b | xxd -p; cat d/c"),
            Is.EqualTo(
                """
                ./d d 555 0:0  1700000000.1234567890
                ./d/a d 700 0:0  1700000000.1234567890
                ./d/a/f f 640 7:8 20 1  1700000000.1234567890
                ./d/b f 600 0:0 3 2  1700000000.1234567890
                ./d/c f 600 0:0 3 2  1700000000.1234567890
                ./d/l l 777 0:0 4 1 ../f 1700000000.1234567890
                01
                two
                """));
    }

    [Test]
    public void What_gets_no_place_leaves_nothing()
    {
        File.WriteAllText($"{Tree}/f", "there");
        using (var directory = UserDirectory.Open(Tree, []))
        using (var made = Make(directory, "new"))
        {
            Assert.That(made.Enter(Records.Bytes("f")), Is.False);
        }

        Assert.That(Scratch.Sh($"ls -A {Tree}; cat {Tree}/f"), Is.EqualTo("f\nthere"));
    }

    [Test]
    public void A_version_takes_the_place_of_another()
    {
        File.WriteAllText($"{Tree}/f", "there");
        Replace("f", "new");
        Assert.That(Scratch.Sh($"cd {Tree}; ls -A; cat f; stat -c ' %a %Y' f"), Is.EqualTo("f\nnew 640 1700000000"));
    }

    [Test]
    public void A_file_of_several_names_keeps_them()
    {
        Scratch.Sh($"cd {Tree}; echo there, and longer >f; setfattr -n trusted.old -v x f; ln f g");
        Replace("f", "new");
        Assert.That(Scratch.Sh($"cd {Tree}; ls -A; cat g; stat -c ' %h %a %Y' g; getfattr -m trusted.old g"), Is.EqualTo("f\ng\nnew 2 640 1700000000"));
    }

    [Test]
    public void Bringing_it_in_twice_is_noticed()
    {
        File.WriteAllText($"{Tree}/f", "new");
        using var directory = UserDirectory.Open(Tree, []);
        using var made = Make(directory, "new");
        using (var there = directory.Look(Records.Bytes("f"))!)
        {
            Assert.That(made.IsLike(there), Is.True);
        }

        File.WriteAllText($"{Tree}/f", "old");
        using var other = directory.Look(Records.Bytes("f"))!;
        Assert.That(made.IsLike(other), Is.False);
    }

    [TestCase(1, "f")]
    [TestCase(0, "f")]
    [TestCase(2, "f")]
    public void What_stands_nowhere_is_refused(int depth, string name)
    {
        using var directory = UserDirectory.Open(Tree, []);
        using var made = Make(directory, "new");
        Assert.That(() => made.Begin(depth, Records.Bytes(name), State(FileType.Regular | 0x180), 9), Throws.InstanceOf<IOException>());
    }

    [TestCase("../x")]
    [TestCase("..")]
    [TestCase("")]
    public void No_name_leads_out(string name)
    {
        using var directory = UserDirectory.Open(Tree, []);
        using var made = directory.Make("5c0ffee1");
        made.Begin(0, [], State(FileType.Directory | 0x1c0), 1);
        Assert.That(() => made.Begin(1, Records.Bytes(name), State(FileType.Regular | 0x180), 2), Throws.InstanceOf<IOException>());
        Assert.That(() => made.Enter(Records.Bytes(name)), Throws.InstanceOf<IOException>());
        Assert.That(() => directory.Look(Records.Bytes(name)), Throws.InstanceOf<IOException>());
    }

    [Test]
    public void A_symlink_on_the_way_is_not_followed()
    {
        Directory.CreateDirectory(_scratch.At("outside/d"));
        File.CreateSymbolicLink($"{Tree}/l", _scratch.At("outside"));
        Assert.That(() => UserDirectory.Open(Tree, Records.Bytes("l/d")), Throws.InstanceOf<SysException>());
        Assert.That(UserDirectory.TryOpen(Tree, Records.Bytes("l/d")), Is.Null);
    }

    private void Replace(string name, string content)
    {
        using var directory = UserDirectory.Open(Tree, []);
        using var made = Make(directory, content);
        using var there = directory.Look(Records.Bytes(name))!;
        made.Replace(Records.Bytes(name), there);
    }

    private static NewVersion Make(UserDirectory directory, string content)
    {
        var made = directory.Make("5c0ffee1");
        made.Begin(0, [], State(FileType.Regular | 0x1a0), 1);
        made.Write(0, Records.Bytes(content));
        made.EndAt((ulong)content.Length);
        return made;
    }

    private static ObjectState State(uint mode, uint uid = 0, uint gid = 0, uint links = 1, IReadOnlyList<Xattr>? xattrs = null) => new()
    {
        Attr = PlainFixture.Attr(mode, 0, uid, gid) with { Links = links },
        Xattrs = xattrs ?? [],
    };
}
