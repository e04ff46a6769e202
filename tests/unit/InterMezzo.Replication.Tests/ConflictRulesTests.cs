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
    [TestCase(Side.Server, UpdateKind.Sets, FacetKind.Attributes, Verdict.KeepIncoming)]
    [TestCase(Side.Server, UpdateKind.Writes, FacetKind.Attributes, Verdict.Apply)]
    [TestCase(Side.Client, UpdateKind.Writes, FacetKind.Attributes, Verdict.Apply)]
    [TestCase(Side.Client, UpdateKind.Writes, null, Verdict.Apply)]
    [TestCase(Side.Client, UpdateKind.Writes, FacetKind.Content, Verdict.CopyLocal)]
    [TestCase(Side.Server, UpdateKind.Creates, FacetKind.Content, Verdict.KeepIncomingObject)]
    [TestCase(Side.Server, UpdateKind.Changes, FacetKind.Name, Verdict.KeepIncoming)]
    [TestCase(Side.Client, UpdateKind.Sets, FacetKind.Content, Verdict.CopyLocal)]
    [TestCase(Side.Client, UpdateKind.Removes, FacetKind.Existence, Verdict.EvictLocal)]
    [TestCase(Side.Client, UpdateKind.Writes, FacetKind.Existence, Verdict.Apply)]
    [TestCase(Side.Client, UpdateKind.Creates, FacetKind.Name, Verdict.Apply)]
    [TestCase(Side.Client, UpdateKind.Tags, FacetKind.Xattr, Verdict.Apply)]
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

    // It is here | open for writing | what was written here meanwhile: none, or at 100 | the peer has judged the own log below
    [TestCase(Side.Client, true, true, null, 0, DeferredVerdict.Wait)]
    [TestCase(Side.Server, true, true, null, 0, DeferredVerdict.Wait)]
    [TestCase(Side.Client, true, false, null, 0, DeferredVerdict.Apply)]
    [TestCase(Side.Server, true, false, null, 0, DeferredVerdict.Apply)]
    [TestCase(Side.Client, true, true, FacetKind.Content, 200, DeferredVerdict.Wait)]
    [TestCase(Side.Client, true, false, FacetKind.Content, 100, DeferredVerdict.Wait)]
    [TestCase(Side.Client, true, false, FacetKind.Content, 101, DeferredVerdict.CopyLocal)]
    [TestCase(Side.Server, true, true, FacetKind.Content, 0, DeferredVerdict.Lose)]
    [TestCase(Side.Server, true, false, FacetKind.Content, 0, DeferredVerdict.Lose)]
    [TestCase(Side.Client, true, false, FacetKind.Attributes, 0, DeferredVerdict.Apply)]
    [TestCase(Side.Server, true, false, FacetKind.Attributes, 0, DeferredVerdict.Apply)]
    [TestCase(Side.Client, false, false, null, 0, DeferredVerdict.Drop)]
    [TestCase(Side.Server, false, false, null, 0, DeferredVerdict.Drop)]
    [TestCase(Side.Client, false, false, FacetKind.Existence, 0, DeferredVerdict.Lose)]
    [TestCase(Side.Server, false, false, FacetKind.Existence, 0, DeferredVerdict.Lose)]
    public void What_waits_for_a_writer_is_judged_by_what_he_wrote(
        Side side, bool isHere, bool isOpen, FacetKind? clash, int judged, DeferredVerdict verdict) =>
        Assert.That(
            ConflictRules.DecideDeferred(side, isHere, isOpen, clash is { } kind ? new Clash(new Facet(kind, default, 0), 100) : null, (ulong)judged),
            Is.EqualTo(verdict));

    [Test]
    public void Bytes_that_lose_are_kept_whatever_the_clash([Values] UpdateKind kind, [Values] FacetKind clash)
    {
        // New content that clashes over attributes alone loses no bytes: it is applied.
        Assert.That(ConflictRules.Decide(Side.Server, kind, clash) == Verdict.Apply, Is.EqualTo(kind == UpdateKind.Writes && clash == FacetKind.Attributes));
    }

    [Test]
    public void Both_ends_call_a_conflict_the_same([Values] UpdateKind loser, [Values] UpdateKind winner)
    {
        foreach (var it in ConflictClasses.All.Where(it => (it.Loser, it.Winner) == (loser, winner)))
        {
            Assert.That(ConflictRules.Name(Side.Server, loser, it.AtServer, winner), Is.EqualTo(it.Name));
            Assert.That(ConflictRules.Name(Side.Client, winner, it.AtClient, loser), Is.EqualTo(it.Name));
        }

        Assert.That(ConflictRules.Name(Side.Server, loser, FacetKind.Content, winner), Does.Contain("/"), "what isn't in the table has a name, too");
        Assert.That(ConflictRules.Name(Side.Client, winner, FacetKind.Existence, null), Does.Contain("/"));
    }

    [Test]
    public void Classes_are_decided_by_what_arrives_and_what_it_disagrees_about()
    {
        // Whoever decides doesn't know which of the classes of that kind it is: they must not differ.
        foreach (var it in ConflictClasses.All)
        {
            Assert.That(ConflictRules.Decide(Side.Server, it.Loser, it.AtServer), Is.EqualTo(it.Server), it.Name);
            Assert.That(ConflictRules.Decide(Side.Client, it.Winner, it.AtClient), Is.EqualTo(it.Client), it.Name);
        }
    }

    [Test]
    public void The_readme_has_the_table()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory!.FullName, "README.md")))
        {
            directory = directory.Parent;
        }

        var rows = File.ReadAllLines(Path.Combine(directory.FullName, "README.md"));
        Assert.That(ConflictClasses.All.Select(it => $"| {it.Name} | {it.Tree} | {it.Kept} |"), Is.SubsetOf(rows));
        Assert.That(ConflictClasses.All.Select(it => it.Name), Is.Unique);
    }
}
