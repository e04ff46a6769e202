// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using NUnit.Framework;

namespace InterMezzo.Replication.Tests;

/// <summary>A file that was given another owner while it was open, and whose content comes with a later record.</summary>
public class AttributesAloneTests
{
    private static readonly Fid s_file = new(7, 12, 1);

    [Test]
    public void Mode_and_owner_are_left()
    {
        var record = RecordView.Parse(RecordFacts.AttributesAlone(RecordView.Parse(Close(RecordFlags.Attr)), Carry.Later));
        record.TryGetAttr(out var attr);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(RecordFacts.Kind(record), Is.EqualTo(UpdateKind.Sets));
            Assert.That(RecordFacts.Object(record, 0), Is.EqualTo(s_file));
            Assert.That((record.Dot, record.Source), Is.EqualTo((new Dot(7, 5), 8192ul)));
            Assert.That(attr.Valid, Is.EqualTo(AttrValid.Mode | AttrValid.Uid | AttrValid.Gid));
            Assert.That((attr.Mode, attr.Uid, attr.Gid), Is.EqualTo((0x81a4u, 3u, 4u)));
        }
    }

    [TestCase(RecordFlags.Attr, Carry.Here)]
    [TestCase(RecordFlags.Attr, Carry.Folded)]
    [TestCase(RecordFlags.Attr, Carry.Gone)]
    [TestCase(RecordFlags.None, Carry.Later)]
    public void Otherwise_nothing_is(RecordFlags flags, Carry carry) =>
        Assert.That(RecordFacts.AttributesAlone(RecordView.Parse(Close(flags)), carry), Is.Null);

    private static byte[] Close(RecordFlags flags)
    {
        var writer = new RecordWriter(new byte[1024], Op.Close) { Dot = new Dot(7, 5), Source = 8192, Flags = flags };
        writer.Add(FieldType.Object, new KmlObject(s_file, 12, 1, 0x81a4));
        writer.Add(FieldType.Attr, new KmlAttr { Valid = AttrValid.Mode | AttrValid.Uid | AttrValid.Gid | AttrValid.Size | AttrValid.ModifyTime, Mode = 0x81a4, Uid = 3, Gid = 4, Size = 9 });
        return writer.Finish().ToArray();
    }
}
