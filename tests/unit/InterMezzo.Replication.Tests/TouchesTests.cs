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
}
