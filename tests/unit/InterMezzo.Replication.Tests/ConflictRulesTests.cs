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
    [TestCase(Side.Server, UpdateKind.Writes, FacetKind.Attributes, Verdict.Apply)]
    [TestCase(Side.Client, UpdateKind.Writes, FacetKind.Attributes, Verdict.Apply)]
    [TestCase(Side.Client, UpdateKind.Writes, null, Verdict.Apply)]
    [TestCase(Side.Client, UpdateKind.Writes, FacetKind.Content, Verdict.CopyLocal)]
    [TestCase(Side.Client, UpdateKind.Changes, FacetKind.Content, Verdict.CopyLocal)]
    [TestCase(Side.Client, UpdateKind.Removes, FacetKind.Existence, Verdict.EvictLocal)]
    [TestCase(Side.Client, UpdateKind.Writes, FacetKind.Existence, Verdict.Apply)]
    [TestCase(Side.Client, UpdateKind.Creates, FacetKind.Name, Verdict.Apply)]
    [TestCase(Side.Client, UpdateKind.Changes, FacetKind.Xattr, Verdict.Apply)]
    public void The_servers_version_stays_and_the_other_is_kept(Side side, UpdateKind kind, FacetKind? clash, Verdict verdict) =>
        Assert.That(ConflictRules.Decide(side, kind, clash), Is.EqualTo(verdict));

    // The maker of the content sets attributes | they were changed here, unknown to him | those that are here stay.
    [TestCase(Side.Server, false, true, true)]
    [TestCase(Side.Server, true, true, true)]
    [TestCase(Side.Client, false, true, true)]
    [TestCase(Side.Client, true, true, false)]
    [TestCase(Side.Server, true, false, false)]
    [TestCase(Side.Client, false, false, false)]
    public void Content_brings_attributes_unless_they_changed_here(Side side, bool sets, bool changed, bool stay) =>
        Assert.That(ConflictRules.KeepsAttributes(side, sets, changed), Is.EqualTo(stay));

    [Test]
    public void Bytes_that_lose_are_kept_whatever_the_clash([Values] UpdateKind kind, [Values] FacetKind clash)
    {
        // New content that clashes over attributes alone loses no bytes: it is applied.
        Assert.That(ConflictRules.Decide(Side.Server, kind, clash) == Verdict.Apply, Is.EqualTo(kind == UpdateKind.Writes && clash == FacetKind.Attributes));
        Assert.That(ConflictRules.Name(kind, clash), Does.Contain("/"));
    }
}
