// SPDX-License-Identifier: GPL-2.0-or-later
using NUnit.Framework;

namespace InterMezzo.Replication.Tests;

[TestFixture]
public class VersionVectorTests
{
    [TestCase("", "", true)]
    [TestCase("1:5", "", true)]
    [TestCase("", "1:1", false)]
    [TestCase("1:5", "1:5", true)]
    [TestCase("1:5", "1:6", false)]
    [TestCase("1:5 2:1", "1:5", true)]
    [TestCase("1:5", "2:1", false)]
    [TestCase("1:9 2:1", "1:5 2:2", false)]
    public void Dominance_is_by_every_replica(string left, string right, bool dominates) =>
        Assert.That(Parse(left).Dominates(Parse(right)), Is.EqualTo(dominates));

    [TestCase("1:5 2:3", "1:4 3:1", "1:5 2:3 3:1")]
    [TestCase("", "1:4", "1:4")]
    [TestCase("1:4", "", "1:4")]
    public void A_merge_holds_what_either_held(string left, string right, string merged)
    {
        var vector = Parse(left);
        vector.Merge(Parse(right));
        Assert.That(vector, Is.EqualTo(Parse(merged)));
        Assert.That(vector.GetHashCode(), Is.EqualTo(Parse(merged).GetHashCode()));
        Assert.That(vector.Dominates(Parse(left)) && vector.Dominates(Parse(right)));
    }

    [Test]
    public void An_update_counts_once()
    {
        var vector = Parse("1:5");
        Assert.That(vector.Advance(1, 6));
        Assert.That(vector.Advance(1, 6), Is.False);
        Assert.That(vector.Advance(1, 2), Is.False);
        Assert.That(vector.ToString(), Is.EqualTo("1:6"));
    }

    [Test]
    public void A_copy_lives_on_its_own()
    {
        var vector = Parse("1:5");
        var copy = vector.Copy();
        vector.Advance(1, 6);
        Assert.That(copy, Is.EqualTo(Parse("1:5")));
    }

    internal static VersionVector Parse(string text)
    {
        var vector = new VersionVector();
        foreach (var pair in text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split(':')))
        {
            vector.Advance(ulong.Parse(pair[0]), ulong.Parse(pair[1]));
        }

        return vector;
    }
}
