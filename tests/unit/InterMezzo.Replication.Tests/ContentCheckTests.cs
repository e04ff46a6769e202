// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using NUnit.Framework;

namespace InterMezzo.Replication.Tests;

[TestFixture]
public class ContentCheckTests
{
    // What the log says after the batch | whether the content of a, read for record 16, still counts.
    [TestCase("", true)]
    [TestCase("mkdir mark setattr:a dirty:b close:b", true)]
    [TestCase("unlink:a", true)]
    [TestCase("dirty:a", false)]
    [TestCase("close:a", false)]
    [TestCase("resize:a", false)]
    [TestCase("mkdir dirty:b dirty:a close:a", false)]
    public void A_content_counts_unless_the_log_says_that_it_changed(string after, bool counts)
    {
        var check = new ContentCheck();
        check.Watch(Story.Object("a"), 16, 0, default);
        foreach (var entry in Story.Parse(after))
        {
            check.Observe(entry);
        }

        Assert.That(check.Dropped, counts ? Is.Empty : Is.EqualTo(new ulong[] { 16 }));
        Assert.That(check.Owed.Contains(Story.Object("a")), Is.Not.EqualTo(counts));
    }

    [TestCase(false, 10ul, 5, true)]
    [TestCase(false, 11ul, 5, false)]
    [TestCase(false, 10ul, 6, false)]
    [TestCase(true, 10ul, 5, false)]
    public void A_content_that_comes_back_as_it_was_has_not_changed(bool isOwn, ulong size, int time, bool counts)
    {
        var check = new ContentCheck();
        check.Watch(Story.Object("a"), 16, 10, new KmlTime(5, 0));
        check.Observe(new LogEntry(64, 16, isOwn, ContentEffect.Enters, Story.Object("a"), size, new KmlTime(time, 0)));
        Assert.That(check.Dropped, counts ? Is.Empty : Is.EqualTo(new ulong[] { 16 }));
    }

    [Test]
    public void A_content_that_could_not_be_read_is_dropped()
    {
        var check = new ContentCheck();
        check.Watch(Story.Object("a"), 16, 0, default);
        check.Drop(Story.Object("a"), 16);
        Assert.That(check.Dropped, Is.EqualTo(new ulong[] { 16 }));
        Assert.That(check.IsEmpty);
    }
}
