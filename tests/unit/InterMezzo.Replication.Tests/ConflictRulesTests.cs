// SPDX-License-Identifier: GPL-2.0-or-later
using NUnit.Framework;

namespace InterMezzo.Replication.Tests;

[TestFixture]
public class ConflictRulesTests
{
    [TestCase(Side.Server, UpdateKind.Creates, null, Verdict.Apply)]
    [TestCase(Side.Server, UpdateKind.Creates, FacetKind.Name, Verdict.KeepIncomingObject)]
    [TestCase(Side.Server, UpdateKind.Creates, FacetKind.Existence, Verdict.KeepIncomingObject)]
    [TestCase(Side.Server, UpdateKind.Writes, FacetKind.Content, Verdict.KeepIncoming)]
    [TestCase(Side.Server, UpdateKind.Writes, FacetKind.Existence, Verdict.KeepIncoming)]
    [TestCase(Side.Server, UpdateKind.Removes, FacetKind.Existence, Verdict.KeepIncoming)]
    [TestCase(Side.Server, UpdateKind.Changes, FacetKind.Attributes, Verdict.KeepIncoming)]
    [TestCase(Side.Client, UpdateKind.Writes, null, Verdict.Apply)]
    [TestCase(Side.Client, UpdateKind.Writes, FacetKind.Content, Verdict.CopyLocal)]
    [TestCase(Side.Client, UpdateKind.Changes, FacetKind.Content, Verdict.CopyLocal)]
    [TestCase(Side.Client, UpdateKind.Removes, FacetKind.Existence, Verdict.EvictLocal)]
    [TestCase(Side.Client, UpdateKind.Writes, FacetKind.Existence, Verdict.Apply)]
    [TestCase(Side.Client, UpdateKind.Creates, FacetKind.Name, Verdict.Apply)]
    [TestCase(Side.Client, UpdateKind.Changes, FacetKind.Xattr, Verdict.Apply)]
    public void The_servers_version_stays_and_the_other_is_kept(Side side, UpdateKind kind, FacetKind? clash, Verdict verdict) =>
        Assert.That(ConflictRules.Decide(side, kind, clash), Is.EqualTo(verdict));

    [Test]
    public void Bytes_that_lose_are_kept_whatever_the_clash([Values] UpdateKind kind, [Values] FacetKind clash)
    {
        Assert.That(ConflictRules.Decide(Side.Server, kind, clash), Is.Not.EqualTo(Verdict.Apply));
        Assert.That(ConflictRules.Name(kind, clash), Does.Contain("/"));
    }
}
