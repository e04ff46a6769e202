// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using NUnit.Framework;

namespace InterMezzo.Replication.Tests;

[TestFixture]
public class TouchesTests
{
    [TestCase(RecordFlags.None, false)]
    [TestCase(RecordFlags.Attr, true)]
    public void A_close_decides_attributes_when_it_says_so(RecordFlags flags, bool attributes)
    {
        var it = Story.Object("a");
        var writer = new RecordWriter(new byte[KmlFormat.RecordMax], Op.Close) { Flags = flags };
        writer.Add(FieldType.Object, new KmlObject(it, it.Ino, it.Gen, 0x81a4));
        writer.Add(FieldType.Attr, new KmlAttr { Valid = AttrValid.Size });
        var touches = new Touch[RecordFacts.MaxTouches];

        var count = RecordFacts.Touches(RecordView.Parse(writer.Finish()), self: 1, touches);

        Assert.That(touches[..count], Does.Contain(new Touch(Facet.Content(it), true)));
        Assert.That(touches[..count].Contains(new Touch(Facet.Attributes(it), true)), Is.EqualTo(attributes));
    }

    [TestCase(0u, true)]
    [TestCase(2u, false)]
    public void A_rename_ends_what_it_replaces_but_an_exchange_does_not(uint flags, bool ends)
    {
        Fid moved = Story.Object("a"), other = Story.Object("b"), directory = Story.Object("d");
        var writer = new RecordWriter(new byte[KmlFormat.RecordMax], Op.Rename) { Aux = flags };
        writer.Add(FieldType.Object, At(moved));
        writer.Add(FieldType.Parent, At(directory));
        writer.Add(FieldType.Name, "a"u8);
        writer.Add(FieldType.Parent2, At(directory));
        writer.Add(FieldType.Name2, "b"u8);
        writer.Add(FieldType.Replaced, At(other));
        var record = RecordView.Parse(writer.Finish());
        var touches = new Touch[RecordFacts.MaxTouches];

        var count = RecordFacts.Touches(record, self: 1, touches);

        Assert.That(touches[..count], Does.Contain(new Touch(Facet.Existence(other), ends)));
        Assert.That(RecordFacts.Replaced(record, self: 1), Is.EqualTo(ends ? other : default));
        Assert.That(RecordFacts.Place(record, 1, other)?.Name, Is.EqualTo(ends ? "b"u8.ToArray() : "a"u8.ToArray()));
    }

    private static KmlObject At(Fid fid) => new(fid, fid.Ino, fid.Gen, 0x81a4);
}
