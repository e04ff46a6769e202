// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Replication.Ports;
using NUnit.Framework;

namespace InterMezzo.Replication.Tests;

[TestFixture]
public class ResolutionRulesTests
{
    // Whatever is kept, and wherever it belongs, what is in the tree can stay.
    [TestCase(Keep.Ours, Shape.Nothing, PlaceKind.NoDirectory, Shape.Nothing, Resolution.Drop)]
    [TestCase(Keep.Ours, Shape.File, PlaceKind.Object, Shape.File, Resolution.Drop)]
    [TestCase(Keep.Ours, Shape.Directory, PlaceKind.Other, Shape.File, Resolution.Drop)]

    // content/content, name/name, remove/change
    [TestCase(Keep.Theirs, Shape.File, PlaceKind.Object, Shape.File, Resolution.Take)]
    [TestCase(Keep.Theirs, Shape.File, PlaceKind.Other, Shape.File, Resolution.Replace)]
    [TestCase(Keep.Theirs, Shape.File, PlaceKind.Other, Shape.Other, Resolution.Replace)]
    [TestCase(Keep.Theirs, Shape.Other, PlaceKind.Other, Shape.File, Resolution.Replace)]
    [TestCase(Keep.Theirs, Shape.File, PlaceKind.Free, Shape.Nothing, Resolution.Enter)]
    [TestCase(Keep.Theirs, Shape.Directory, PlaceKind.Free, Shape.Nothing, Resolution.Enter)]
    [TestCase(Keep.Theirs, Shape.Directory, PlaceKind.Other, Shape.File, Resolution.Refused)]
    [TestCase(Keep.Theirs, Shape.File, PlaceKind.Other, Shape.Directory, Resolution.Refused)]
    [TestCase(Keep.Theirs, Shape.File, PlaceKind.NoDirectory, Shape.Nothing, Resolution.Refused)]
    [TestCase(Keep.Theirs, Shape.Nothing, PlaceKind.Object, Shape.File, Resolution.Refused)]
    [TestCase(Keep.Both, Shape.File, PlaceKind.Object, Shape.File, Resolution.Beside)]
    [TestCase(Keep.Both, Shape.Directory, PlaceKind.Other, Shape.Directory, Resolution.Beside)]
    [TestCase(Keep.Both, Shape.File, PlaceKind.NoDirectory, Shape.Nothing, Resolution.Beside)]
    [TestCase(Keep.Both, Shape.Nothing, PlaceKind.Object, Shape.File, Resolution.Refused)]
    [TestCase(Keep.File, Shape.File, PlaceKind.Object, Shape.File, Resolution.Write)]
    [TestCase(Keep.File, Shape.Nothing, PlaceKind.Object, Shape.File, Resolution.Write)]
    [TestCase(Keep.File, Shape.File, PlaceKind.Free, Shape.Nothing, Resolution.EnterWritten)]
    [TestCase(Keep.File, Shape.Directory, PlaceKind.Free, Shape.Nothing, Resolution.Refused)]
    [TestCase(Keep.File, Shape.File, PlaceKind.Other, Shape.Directory, Resolution.Refused)]
    [TestCase(Keep.File, Shape.File, PlaceKind.NoDirectory, Shape.Nothing, Resolution.Refused)]
    public void A_choice_means_one_thing_or_is_refused(Keep keep, Shape version, PlaceKind place, Shape there, Resolution expected)
    {
        var (resolution, reason) = ResolutionRules.Decide(keep, version, place, there, []);
        Assert.That(resolution, Is.EqualTo(expected));
        Assert.That(reason, expected == Resolution.Refused ? Is.Not.Empty : Is.Empty);
    }

    [TestCase(PlaceKind.Object, true, Resolution.Redo)]
    [TestCase(PlaceKind.Object, false, Resolution.Refused)]
    [TestCase(PlaceKind.Other, true, Resolution.Refused)]
    [TestCase(PlaceKind.Free, true, Resolution.Refused)]
    public void An_update_of_which_no_version_is_kept_is_done_again(PlaceKind place, bool can, Resolution expected) => Assert.That(
        ResolutionRules.Decide(Keep.Theirs, Shape.Nothing, place, Shape.File, [true, can]).Resolution, Is.EqualTo(expected));

    [Test]
    public void What_needs_content_is_not_done_again()
    {
        Assert.That(CanRedo(Op.SetAttr, AttrValid.Mode), Is.True);
        Assert.That(CanRedo(Op.SetAttr, AttrValid.Mode | AttrValid.Size), Is.False);
        Assert.That(CanRedo(Op.Unlink, AttrValid.Mode), Is.True);
        Assert.That(CanRedo(Op.Create, AttrValid.Mode), Is.False);
    }

    [TestCase("notes.txt", 0, "notes.conflict-t21-5c0ffee1.txt")]
    [TestCase("notes.txt", 2, "notes.conflict-t21-5c0ffee1~2.txt")]
    [TestCase("Makefile", 0, "Makefile.conflict-t21-5c0ffee1")]
    [TestCase(".profile", 0, ".profile.conflict-t21-5c0ffee1")]
    [TestCase("a.what follows is no ending", 0, "a.what follows is no ending.conflict-t21-5c0ffee1")]
    public void The_name_beside_says_whose_version_it_is(string name, int number, string expected) =>
        Assert.That(Text(BesideName.Of(System.Text.Encoding.UTF8.GetBytes(name), "t21", "5c0ffee1", number)), Is.EqualTo(expected));

    [Test]
    public void The_name_beside_fits()
    {
        var name = BesideName.Of([.. Enumerable.Repeat((byte)0xff, 251), .. ".txt"u8], "t21", "5c0ffee1", 0);
        Assert.That(name, Has.Length.EqualTo(255));
        Assert.That(Text(name), Does.EndWith(".conflict-t21-5c0ffee1.txt"));
    }

    private static bool CanRedo(Op op, AttrValid valid)
    {
        var record = new RecordWriter(new byte[512], op);
        record.Add(FieldType.Attr, new KmlAttr { Valid = valid });
        return ResolutionRules.CanRedo(RecordView.Parse(record.Finish()));
    }

    private static string Text(byte[] name) => System.Text.Encoding.Latin1.GetString(name);
}
