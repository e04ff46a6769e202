// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Journal.Tests;
using NUnit.Framework;

namespace InterMezzo.Replication.Tests;

/// <summary>A broken or hostile peer's records: refused in words, or all that the core asks of them has an answer.</summary>
public class MutatedRecordTests
{
    private const ulong Self = 99;

    [Test]
    public void What_the_guard_lets_pass_can_be_asked_anything([Values] Side side, [Values(1, 2, 3)] int seed)
    {
        var random = new Random(seed);
        var golden = Mutations.Records("all.kml");
        golden.ForEach(record => Canonical.Rewrite(record, 7));
        var passed = 0;
        for (var i = 0; i < 50_000; i++)
        {
            var bytes = Mutations.Next(random, golden);
            if (new RecordGuard(side, 7, 1, _ => false).Refuse(bytes) is null)
            {
                passed++;
                Ask(RecordView.Parse(bytes));
            }
        }

        Assert.That(passed, Is.GreaterThan(1000));
    }

    [Test]
    public void A_log_of_ones_own_can_be_asked_anything([Values(1, 2)] int seed)
    {
        var random = new Random(seed);
        var golden = Mutations.Records("all.kml");
        var asked = 0;
        for (var i = 0; i < 50_000; i++)
        {
            if (RecordView.TryParse(Mutations.Next(random, golden), out var record) == ParseStatus.Ok)
            {
                asked++;
                Ask(record);
            }
        }

        Assert.That(asked, Is.GreaterThan(1000));
    }

    private static void Ask(RecordView record)
    {
        var touches = new Touch[RecordFacts.MaxTouches];
        var directories = new Fid[2];
        var known = new KnownPosition();
        var fid = RecordFacts.Object(record, Self);
        RecordFacts.Touches(record, Self, touches);
        RecordFacts.ParentTimes(record, Self, directories, out _);
        RecordFacts.Place(record, Self, fid);
        RecordFacts.Entry(record, 4096, Self, true);
        RecordFacts.StateAttr(record);
        RecordFacts.NeedsState(record, Self, out _);
        RecordFacts.Kind(record);
        RecordFacts.IsCoveredElsewhere(record, Carry.Folded);
        RecordFacts.AttributesAlone(record, Carry.Later);
        RecordFacts.Forward(record, Direction.ToServer, 7);
        RecordFacts.Advance(ref known, record, 7);
        if (!record.IsPad)
        {
            RecordFacts.Canonical(record, Self);
        }
    }
}
