// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using NUnit.Framework;

namespace InterMezzo.Replication.Tests;

[TestFixture]
public class ChangeTableTests
{
    [Test]
    public void A_change_is_never_missed([Values(1, 4, 18)] int bits)
    {
        var table = new ChangeTable(bits);
        foreach (var entry in Story.Parse("dirty:a close:a mkdir unlink:b setattr:c resize:d dirty:a"))
        {
            table.Note(entry);
        }

        Assert.That(table.LastChange(Story.Object("a")), Is.EqualTo(7 * Story.RecordLength));
        Assert.That(table.LastChange(Story.Object("d")), Is.GreaterThanOrEqualTo(6 * Story.RecordLength));
    }

    [Test]
    public void What_did_not_change_is_mostly_seen_at_once()
    {
        var table = new ChangeTable();
        for (ulong ino = 0; ino < 10_000; ino++)
        {
            table.Note(new LogEntry((ino + 1) * 16, 16, false, ContentEffect.Opens, new Fid(1, ino, 1), 0));
        }

        var mistaken = Enumerable.Range(20_000, 10_000).Count(ino => table.LastChange(new Fid(1, (ulong)ino, 1)) != 0);
        Assert.That(mistaken, Is.LessThan(1_000), "one slot in 26 is taken");
    }
}
