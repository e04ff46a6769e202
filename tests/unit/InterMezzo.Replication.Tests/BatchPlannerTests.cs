// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using NUnit.Framework;

namespace InterMezzo.Replication.Tests;

[TestFixture]
public class BatchPlannerTests
{
    // What is in the log | how the content of each record that ships travels (version as record number).
    [TestCase("mkdir mkdir", "None None")]
    [TestCase("mark dirty:a mkdir", "None")]
    [TestCase("create:a", "None")]
    [TestCase("create:a dirty:a close:a", "Here@3 Folded@3")]
    [TestCase("create:a dirty:a", "None")]
    [TestCase("dirty:a close:a", "Here@2")]
    [TestCase("close:a", "Here@1")]
    [TestCase("enter:a", "Here@1")]
    [TestCase("create:a dirty:a close:a enter:a", "None Later Here@4")]
    [TestCase("create:a enter:a dirty:a close:a", "None Later Here@4")]
    [TestCase("create:a enter:a unlink:a", "None Gone None")]
    [TestCase("dirty:a close:a dirty:a close:a", "Later Here@4")]
    [TestCase("dirty:a close:a dirty:a", "Later")]
    [TestCase("create:a dirty:a close:a dirty:a", "None Later")]
    [TestCase("create:a dirty:a setattr:a close:a setattr:a", "Here@4 Folded@4 Folded@4 None")]
    [TestCase("create:a dirty:a close:a dirty:a close:a", "Here@5 Folded@5 Folded@5")]
    [TestCase("create:a dirty:a close:a unlink:a", "None Gone None")]
    [TestCase("dirty:a close:a unlink:a", "Gone None")]
    [TestCase("resize:a", "Here@1")]
    [TestCase("resize:a dirty:a close:a", "Later Here@3")]
    [TestCase("close:a resize:a", "Later Here@2")]
    [TestCase("dirty:a resize:a", "Later")]
    [TestCase("dirty:a close:a dirty:b close:b", "Here@2 Here@4")]
    [TestCase("dirty:a dirty:b close:b close:a", "Here@3 Here@4")]
    [TestCase("unlink:a enter:a", "None Here@2")]
    [TestCase("setattr:a close:a", "None Here@2")]
    public void A_content_travels_with_its_last_record(string log, string expected)
    {
        var window = Story.Parse(log);
        var plan = new BatchPlanner(new BatchLimits()).Plan(window);
        Assert.That(plan.Count, Is.EqualTo(window.Count));
        Assert.That(string.Join(' ', plan.Records.Select(Describe)), Is.EqualTo(expected));
    }

    [TestCase(5ul, Carry.Here)]
    [TestCase(6ul, Carry.Later, Description = "it is the peer's version that came in its place")]
    public void A_content_that_left_the_tree_and_came_back_travels(ulong size, Carry carry)
    {
        var (content, time) = (Story.Object("a"), new KmlTime(7, 0));
        var plan = new BatchPlanner(new BatchLimits()).Plan(
        [
            new LogEntry(16, 16, true, ContentEffect.Resizes, content, 5),
            new LogEntry(32, 16, false, ContentEffect.Leaves, content, 5, time),
            new LogEntry(48, 16, false, ContentEffect.Enters, content, size, time),
        ]);
        Assert.That(plan.Records.Single().Carry, Is.EqualTo(carry));
    }

    [TestCase(5ul, Carry.Here)]
    [TestCase(6ul, Carry.Later, Description = "it is the peer's version that came in its place")]
    public void One_more_name_that_a_join_places_brings_no_content(ulong size, Carry carry)
    {
        var (content, time) = (Story.Object("a"), new KmlTime(7, 0));
        var plan = new BatchPlanner(new BatchLimits()).Plan(
        [
            new LogEntry(16, 16, true, ContentEffect.Completes, content, 5, time),
            new LogEntry(32, 16, false, ContentEffect.Enters, content, size, time),
            new LogEntry(48, 16, false, ContentEffect.Enters, content, size, time),
        ]);
        Assert.That(plan.Records.Single().Carry, Is.EqualTo(carry));
    }

    // Soft limit in records | log | how many entries the batch takes.
    [TestCase(1, "mkdir mkdir mkdir", 1)]
    [TestCase(2, "mkdir mark mkdir mkdir", 3)]
    [TestCase(1, "close:a mkdir", 1)]
    [TestCase(1, "close:a mkdir dirty:a close:a mkdir", 4)]
    [TestCase(1, "close:a close:b dirty:a close:a dirty:b close:b mkdir", 6)]
    [TestCase(1, "create:a dirty:a close:a mkdir", 3)]
    [TestCase(1, "close:a mkdir unlink:a mkdir", 3)]
    [TestCase(1, "close:a mkdir dirty:a", 1, Description = "no later version is complete: the file is open for writing")]
    [TestCase(1, "close:a mkdir dirty:a close:a dirty:a", 1)]
    public void A_batch_extends_to_the_last_version_of_what_it_carries(int limit, string log, int count)
    {
        var plan = new BatchPlanner(new BatchLimits(Records: limit)).Plan(Story.Parse(log));
        Assert.That(plan.Count, Is.EqualTo(count));
    }

    [TestCase(100, 4)]
    [TestCase(35, 3)]
    [TestCase(5, 1, Description = "a content larger than the limit travels alone")]
    public void Contents_bound_a_batch(int limit, int count)
    {
        var plan = new BatchPlanner(new BatchLimits(ContentBytes: (ulong)limit)).Plan(Story.Parse("close:a close:b close:c close:d"));
        Assert.That(plan.Count, Is.EqualTo(count));
    }

    [Test]
    public void A_continued_batch_reaches_the_content_that_it_owes()
    {
        var owed = new HashSet<Fid> { Story.Object("b") };
        var plan = new BatchPlanner(new BatchLimits(Records: 1)).Plan(Story.Parse("mkdir dirty:b mkdir close:b mkdir"), owed);
        Assert.That(plan.Count, Is.EqualTo(4));
        Assert.That(plan.Records[^1], Is.EqualTo(new PlannedRecord(3, Carry.Here, 4 * Story.RecordLength)));
    }

    [Test]
    public void Wherever_the_log_is_cut_each_content_ends_as_the_window_says([Values(1, 2, 3, 5)] int limit, [Range(0, 199)] int seed)
    {
        var window = Story.Parse(RandomLog(new Random(seed)));
        var plan = new BatchPlanner(new BatchLimits(Records: limit)).Plan(window);
        Assert.That(plan.Count, Is.InRange(1, window.Count));
        foreach (var record in plan.Records.Where(record => record.Carry == Carry.Here))
        {
            var content = window[record.Index].Object;
            var version = (int)(record.Version / Story.RecordLength) - 1;
            var later = window.Skip(version + 1).Where(entry => entry.Object == content && entry.ChangesContent);
            Assert.That(later, Is.Empty, "a content that the window knows to be outdated");
            Assert.That(version, Is.LessThan(plan.Count));
        }
    }

    /// <summary>A batch that was cut short is planned anew, from its beginning, when the log has grown.</summary>
    [Test]
    public void A_content_is_never_left_to_a_record_that_the_peer_has([Values(1, 2, 3, 5, 100)] int limit, [Range(0, 199)] int seed)
    {
        var random = new Random(seed);
        var window = Story.Parse(RandomLog(random));
        var done = random.Next(window.Count + 1);
        window = [.. window.Select((entry, i) => entry with { Ships = entry.Ships && i >= done })];
        var plan = new BatchPlanner(new BatchLimits(Records: limit)).Plan(window);
        foreach (var planned in plan.Records.Where(record => window[record.Index].Effect is ContentEffect.Completes or ContentEffect.Enters))
        {
            var content = window[planned.Index].Object;
            var rest = window.Skip(planned.Index + 1).Where(entry => entry.Object == content && entry.Effect is not (ContentEffect.None or ContentEffect.Attributes));
            if (!rest.Any())
            {
                Assert.That(
                    plan.Records.Any(record => record.Carry == Carry.Here && window[record.Index].Object == content && record.Version == window[planned.Index].Offset),
                    $"{content} as record {planned.Index} says travels with no record");
            }
        }
    }

    /// <summary>An object is created once, before all else that happens to it.</summary>
    private static string RandomLog(Random random)
    {
        var seen = new HashSet<char>();
        var words = Enumerable.Range(0, random.Next(1, 30)).Select(_ =>
        {
            var name = (char)('a' + random.Next(5));
            var operation = new[] { "dirty", "close", "close", "resize", "setattr", "mkdir", "enter" }[random.Next(7)];
            return (seen.Add(name) && random.Next(2) == 0 ? "create" : operation) + ":" + name;
        });
        return string.Join(' ', words);
    }

    private static string Describe(PlannedRecord record) =>
        record.Version == 0 ? record.Carry.ToString() : $"{record.Carry}@{record.Version / Story.RecordLength}";
}
