// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using NUnit.Framework;

namespace InterMezzo.Replication.Tests;

[TestFixture]
public class LogOptimizerTests
{
    // What is in the log | what is sent; with a question mark: for the mtime of the directory alone.
    [TestCase("create:r/a dirty:a close:a unlink:r/a", "unlink:r/a?")]
    [TestCase("create:r/a close:a unlink:r/a create:r/b", "create:r/b")]
    [TestCase("create:r/a close:a chmod:a resize:a unlink:r/a mkdir:r/b", "mkdir:r/b")]
    [TestCase("create:r/a create:r/b unlink:r/a unlink:r/b", "unlink:r/b?")]
    [TestCase("create:d/a create:e/b unlink:d/a unlink:e/b", "unlink:d/a? unlink:e/b?", Description = "each directory gets its mtime")]
    [TestCase("symlink:r/a unlink:r/a symlink:r/b", "symlink:r/b")]
    [TestCase("create:r/a unlink:r/a close:a create:r/b", "create:r/b", Description = "written after it had no name")]
    [TestCase("mkdir:r/d create:d/a close:a unlink:d/a rmdir:r/d", "rmdir:r/d?")]
    [TestCase("mkdir:r/d mkdir:d/e create:e/a unlink:e/a rmdir:d/e rmdir:r/d create:r/b", "create:r/b")]
    [TestCase("create:r/t rename:r/t>r/b unlink:t@r/b create:r/c", "create:r/c")]
    [TestCase("create:r/a link:a>r/b unname:r/a unlink:a@r/b create:r/c", "create:r/c")]
    [TestCase("create:r/a rename:r/a>d/a unlink:d/a create:r/b create:d/c", "create:r/b create:d/c")]
    public void What_comes_and_goes_within_a_batch_is_not_sent(string log, string expected) => Expect(log, expected);

    [TestCase("create:r/a close:a")]
    [TestCase("chmod:a unlink:r/a", Description = "it was there before")]
    [TestCase("create:r/t over:r/t>r/f=f", Description = "as editors save")]
    [TestCase("create:r/t over:r/t>r/f=f create:r/u over:r/u>r/f=t unlink:u@r/f", Description = "what t replaced is at the peer")]
    [TestCase("create:r/a exchange:r/a>r/b=b unlink:a@r/b", Description = "b has another name now")]
    [TestCase("create:r/a link:a>r/b unname:r/a", Description = "a name is left")]
    [TestCase("create:r/a unname:r/a", Description = "somebody else knows of another name")]
    [TestCase("create:r/a unlink:r/a chmod:a", Description = "nobody can tell what that is about")]
    [TestCase("mkdir:r/d rename:r/f>d/f rename:d/f>r/f rmdir:r/d", Description = "something passes through")]
    [TestCase("mkdir:r/d create:d/a rename:d/a>r/b rmdir:r/d", Description = "a child survives")]
    [TestCase("create:r/a rename:r/a>d/a unlink:d/a", Description = "the mtime of r")]
    [TestCase("create:r/a list:r unlink:r/a create:r/b", Description = "a scan tells what it saw")]
    public void Whatever_leaves_a_trace_is_sent_whole(string log) =>
        Expect(log, string.Join(' ', log.Split(' ').Where(word => !word.StartsWith("dirty", StringComparison.Ordinal))));

    [TestCase("create:r/a dirty:a close:a create:r/b", "create:r/a create:r/b", Description = "it travels with the CREATE")]
    [TestCase("create:r/a close:a", "create:r/a close:a", Description = "the maker's counts end with it")]
    [TestCase("create:r/a chmod:a close:a chmod:a", "create:r/a chmod:a")]
    [TestCase("close:a close:a create:r/b", "close:a close:a create:r/b", Description = "what the peer keeps of the first one, it alone decides")]
    [TestCase("chmod:f create:r/b chmod:f chown:f chmod:f", "create:r/b chown:f chmod:f")]
    [TestCase("chown+chmod:f chmod:f chmod:f", "chown+chmod:f chmod:f", Description = "not all of it is set again")]
    [TestCase("chown+chmod:f chown:f chmod:f", "chown:f chmod:f")]
    [TestCase("resize:f resize:f chmod:f", "resize:f resize:f chmod:f", Description = "a length is content")]
    [TestCase("xattr:f=user.a xattr:f=user.b xattr:f=user.a", "xattr:f=user.b xattr:f=user.a")]
    [TestCase("xattr:f=user.a xattr:g=user.a", "xattr:f=user.a xattr:g=user.a")]
    [TestCase("xattr:f=system.posix_acl_access xattr:f=system.posix_acl_access", "xattr:f=system.posix_acl_access xattr:f=system.posix_acl_access")]
    [TestCase("xattr:f=user.a noxattr:f=user.a xattr:f=user.a", "noxattr:f=user.a xattr:f=user.a")]
    public void What_is_told_again_is_told_once(string log, string expected) => Expect(log, expected);

    [Test]
    public void What_the_peer_could_judge_otherwise_is_told_twice([Values] bool sameEpoch)
    {
        var it = Story.Object("f");
        LogStep[] steps =
        [
            new(StepKind.Changes, it, Sets: AttrValid.Mode, Epoch: 4096),
            new(StepKind.Changes, it, Sets: AttrValid.Mode, Epoch: sameEpoch ? 4096ul : 8192),
        ];
        var optimizer = new LogOptimizer(Story.Parse("setattr:f setattr:f"), steps, seen: 0);
        optimizer.Settle(2);

        Assert.That(optimizer[0], Is.EqualTo(sameEpoch ? Fate.Cancelled : Fate.Sent));
        Assert.That(optimizer[1], Is.EqualTo(Fate.Sent));
    }

    [TestCase("3!create:r/a unlink:r/a create:r/b", "3!create:r/a unlink:r/a create:r/b", Description = "somebody else's")]
    [TestCase("3!create:r/a 3!unlink:r/a create:r/b", "3!unlink:r/a? create:r/b", Description = "counts of 3 reach as far")]
    [TestCase("3!create:r/a 3!unlink:r/a create:r/b 3!create:r/c", "create:r/b 3!create:r/c")]
    [TestCase("2!create:r/a unlink:r/a create:r/b", "unlink:r/a create:r/b", Description = "the peer's own")]
    [TestCase("mkdir:r/d 3!create:d/a 3!unlink:d/a rmdir:r/d", "mkdir:r/d 3!create:d/a 3!unlink:d/a rmdir:r/d")]
    public void Of_several_makers_each_counts(string log, string expected) => Expect(log, expected, direction: Direction.ToClient, peer: 2);

    [TestCase("create:r/a close:a chmod:a unlink:r/a create:r/b", "unlink:r/a? create:r/b")]
    [TestCase("create:r/t rename:r/t>r/b unlink:t@r/b create:r/c", "rename:r/t>r/b? unlink:t@r/b? create:r/c", Description = "wherever it was seen")]
    [TestCase("create:r/a link:a>r/b unname:r/a unlink:a@r/b", "link:a>r/b? unname:r/a? unlink:a@r/b?")]
    [TestCase("mkdir:r/d create:d/a unlink:d/a rmdir:r/d", "unlink:d/a? rmdir:r/d?")]
    [TestCase("mkdir:r/d create:d/a rename:d/a>d/b unlink:a@d/b rmdir:r/d", "mkdir:r/d rename:d/a>d/b? unlink:a@d/b? rmdir:r/d")]
    public void What_the_peer_may_have_seen_is_removed_there(string log, string expected) => Expect(log, expected, seen: ulong.MaxValue);

    [Test]
    public void What_came_back_from_a_conflict_is_removed_wherever_it_was()
    {
        var it = new Fid(3, 5, 1);
        LogStep[] steps = [new(StepKind.Enters, it, Maker: 3), new(StepKind.Completes, it, Maker: 3), new(StepKind.Removes, it, Maker: 3)];
        var window = steps.Select((_, index) => new LogEntry((ulong)(index + 1) * 16, 16, true, ContentEffect.None, it, 0)).ToList();

        var optimizer = new LogOptimizer(window, steps, seen: 0);

        Assert.That(new[] { optimizer[0], optimizer[1], optimizer[2] }, Is.EqualTo(new[] { Fate.Cancelled, Fate.Cancelled, Fate.Gone }));
    }

    // Who made the update | what of the object took whose place | flags.
    [TestCase(3ul, false, RecordFlags.Applied, StepKind.Enters)]
    [TestCase(3ul, true, RecordFlags.Applied, StepKind.Completes)]
    [TestCase(3ul, false, RecordFlags.Applied | RecordFlags.Partial, StepKind.Other)]
    [TestCase(4ul, false, RecordFlags.Applied, StepKind.Other, Description = "made by somebody else: it was there before")]
    [TestCase(0ul, false, RecordFlags.Recovered, StepKind.Other)]
    public void An_object_enters_with_the_update_that_made_it(ulong maker, bool overItself, RecordFlags flags, StepKind expected)
    {
        var it = new KmlObject(new Fid(3, 5, 1), 5, 1, 0x81a4);
        var writer = new RecordWriter(new byte[KmlFormat.RecordMax], Op.Enter) { Dot = new Dot(maker, 1), Flags = flags };
        writer.Add(FieldType.Object, it);
        if (overItself)
        {
            writer.Add(FieldType.Replaced, it);
        }

        var step = RecordFacts.Step(RecordView.Parse(writer.Finish()), self: 1, Direction.ToClient, peer: 2, joining: false);

        Assert.That(step.Kind, Is.EqualTo(expected));
        Assert.That(step.Replaced, Is.EqualTo(default(Fid)));
    }

    [Test]
    public void What_is_made_while_a_join_tells_the_rest_is_sent()
    {
        var writer = new RecordWriter(new byte[KmlFormat.RecordMax], Op.Symlink) { Dot = new Dot(0, 1) };
        writer.Result = new KmlResult(KmlFormat.Done, 5, 1, 0, 0, 0, default, ResultFlags.None);
        var record = RecordView.Parse(writer.Finish());

        Assert.That(RecordFacts.Step(record, self: 1, Direction.ToServer, peer: 2, joining: true).Kind, Is.EqualTo(StepKind.Other));
        Assert.That(RecordFacts.Step(record, self: 1, Direction.ToServer, peer: 2, joining: false).Kind, Is.EqualTo(StepKind.Makes));
    }

    // Limit | log | how many entries the batch takes | what is sent of them.
    [TestCase(2, "create:r/a close:a unlink:r/a create:r/b create:r/c create:r/d", 5, "create:r/b create:r/c", Description = "what isn't sent doesn't count")]
    [TestCase(1, "mkdir:r/d create:r/b create:r/c rmdir:r/d", 2, "mkdir:r/d create:r/b", Description = "a life that the batch cuts is told")]
    [TestCase(1, "create:r/b create:r/a unlink:r/a create:r/c", 3, "create:r/b unlink:r/a?", Description = "the record about the directory that follows isn't in the batch")]
    public void A_batch_stands_alone(int limit, string log, int count, string expected) => Expect(log, expected, limit: limit, count: count);

    private static void Expect(
        string log, string expected, Direction direction = Direction.ToServer, ulong peer = 1, ulong seen = 0, int limit = 1000, int? count = null)
    {
        var story = new LifeStory(log, direction, peer);
        var optimizer = new LogOptimizer(story.Window, story.Steps, seen);
        var plan = new BatchPlanner(new BatchLimits(Records: limit)).Plan(story.Window, optimizer: optimizer);
        Assert.That(story.Sent(optimizer, plan), Is.EqualTo(expected));
        Assert.That(plan.Count, Is.EqualTo(count ?? story.Window.Count));
        Assert.That(plan.Records.Count + plan.Cancelled, Is.EqualTo(story.Window.Take(plan.Count).Count(entry => entry.Ships)));
        Assert.That(plan.Records.Where(record => optimizer[record.Index] == Fate.Gone), Is.All.Matches<PlannedRecord>(record => record.Carry == Carry.Gone));
    }
}
