// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using NUnit.Framework;

namespace InterMezzo.Replication.Tests;

/// <summary>What of what was resolved elsewhere goes here, and who is told of it.</summary>
[TestFixture]
public class ResolvedConflictsTests
{
    private static readonly Fid _file = new(1, 2, 3);
    private static readonly byte[] _one = Digest(1), _other = Digest(2);

    // The counts of the update that has lost: there, here; how many versions were seen there, are kept here.
    [TestCase(5ul, 5ul, 1, 1, true)]
    [TestCase(5ul, 5ul, 0, 0, true, Description = "only the update itself")]
    [TestCase(5ul, 5ul, 1, 0, true, Description = "more was seen than is here")]
    [TestCase(5ul, 5ul, 2, 1, true)]
    [TestCase(5ul, 5ul, 0, 1, false, Description = "nobody has seen it")]
    [TestCase(5ul, 5ul, 1, 2, false)]
    [TestCase(5ul, 6ul, 1, 1, false, Description = "another update's")]
    [TestCase(0ul, 5ul, 1, 1, true, Description = "evicted there, which has no count")]
    [TestCase(5ul, 0ul, 1, 1, true)]
    [TestCase(5ul, 0ul, 1, 0, false, Description = "nothing tells which it is")]
    [TestCase(0ul, 0ul, 1, 1, false, Description = "it may have been evicted once more since")]
    public void Nothing_goes_that_nobody_has_seen(ulong there, ulong here, int seen, int kept, bool goes)
    {
        var list = new ResolvedConflicts();
        list.Add(new ResolvedConflict(new Dot(2, there), _file, Versions(seen)), 0);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(list.Covers(new Dot(2, here), _file, Versions(kept)), Is.EqualTo(goes));
            Assert.That(list.MayCover(new Dot(2, here), _file) || !goes, "it is looked at, at least");
            Assert.That(list.Covers(new Dot(3, here), _file, Versions(kept)), Is.False, "another replica's update");
            Assert.That(list.Covers(new Dot(2, here), new Fid(1, 2, 4), Versions(kept)), Is.False, "another object");
        }
    }

    [Test]
    public void Everybody_is_told_once_but_who_has_told_it()
    {
        var list = new ResolvedConflicts();
        var (second, third) = (0ul, 0ul);
        Assert.That(list.Add(Resolved(1), 2), Is.True);
        Assert.That(list.Add(Resolved(2), 0), Is.True);
        Assert.That(list.Add(Resolved(1), 3), Is.False, "known");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Counters(list.Next(ref second, 2, 10)), Is.EqualTo(new[] { 2 }));
            Assert.That(Counters(list.Next(ref third, 3, 1)), Is.EqualTo(new[] { 1 }));
            Assert.That(Counters(list.Next(ref third, 3, 10)), Is.EqualTo(new[] { 2 }));
            Assert.That(list.Next(ref second, 2, 10), Is.Empty);
            Assert.That(list.Next(ref third, 3, 10), Is.Empty);
        }

        // Of the same one another version was decided about: who had told less hears that.
        Assert.That(list.Add(new ResolvedConflict(new Dot(2, 1), _file, [_other]), 2), Is.True);
        Assert.That(list.Next(ref second, 2, 10).Single().Kept, Has.Count.EqualTo(2));
        Assert.That(list.Covers(new Dot(2, 1), _file, [_one, _other]), Is.True);
        Assert.That(list.Count, Is.EqualTo(2));
    }

    [Test]
    public void The_oldest_are_forgotten()
    {
        var list = new ResolvedConflicts();
        for (var i = 1; i <= ResolvedConflicts.Most + 3; i++)
        {
            list.Add(Resolved(i), 0);
        }

        var told = 0ul;
        Assert.That(Counters(list.Next(ref told, 9, int.MaxValue)), Is.EqualTo(Enumerable.Range(4, ResolvedConflicts.Most)));
        Assert.That(ResolvedConflicts.Decode(list.Encode()).Encode(), Is.EqualTo(list.Encode()));
    }

    [Test]
    public void What_is_cut_or_damaged_is_read_as_far_as_it_goes()
    {
        var list = new ResolvedConflicts();
        list.Add(Resolved(1), 0);
        var first = list.Encode().Length;
        list.Add(Resolved(2), 0);
        var bytes = list.Encode();
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.That(ResolvedConflicts.Decode(bytes.AsSpan(0, length)).Count, Is.EqualTo(length < first ? 0 : 1), $"{length}");
        }

        var random = new Random(1);
        for (var i = 0; i < 10_000; i++)
        {
            var damaged = (byte[])bytes.Clone();
            random.NextBytes(damaged.AsSpan(random.Next(damaged.Length), 1));
            Assert.That(ResolvedConflicts.Decode(damaged).Count, Is.LessThanOrEqualTo(2));
        }

        Assert.That(ResolvedConflicts.Decode([.. bytes[..8], .. new byte[41]]).Count, Is.Zero, "nobody's update");
    }

    private static ResolvedConflict Resolved(int counter) => new(new Dot(2, (ulong)counter), _file, [_one]);

    private static IEnumerable<int> Counters(IEnumerable<ResolvedConflict> all) => all.Select(resolved => (int)resolved.Loser.Counter);

    private static byte[][] Versions(int count) => [.. new[] { _one, _other }.Take(count)];

    private static byte[] Digest(byte value)
    {
        var digest = new byte[ResolvedConflict.DigestSize];
        digest.AsSpan().Fill(value);
        return digest;
    }
}
