// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using NUnit.Framework;

namespace InterMezzo.Replication.Tests;

/// <summary>An exchange of two objects, one of which was never here and is gone at its maker's.</summary>
public class HalfExchangeTests
{
    private static readonly Fid s_file = new(7, 12, 1);
    private static readonly Fid s_directory = new(7, 13, 1);
    private static readonly Fid s_one = new(7, 2, 1);
    private static readonly Fid s_two = new(7, 3, 1);

    [TestCase(false)]
    [TestCase(true)]
    public void The_other_takes_its_name(bool second)
    {
        var record = RecordView.Parse(RecordFacts.HalfExchange(RecordView.Parse(Exchange()), second));
        var (from, to) = second ? ((s_two, "b"), (s_one, "a")) : ((s_one, "a"), (s_two, "b"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(RecordFacts.Kind(record), Is.EqualTo(UpdateKind.Renames));
            Assert.That(RecordFacts.IsExchange(record), Is.False);
            Assert.That(record.Has(FieldType.Replaced), Is.False);
            Assert.That(RecordFacts.Object(record, 0), Is.EqualTo(second ? s_directory : s_file));
            Assert.That(record.Flags.HasFlag(RecordFlags.Directory), Is.EqualTo(second));
            Assert.That((RecordFacts.Parent(record, 0), Text(record.Name)), Is.EqualTo(from));
            Assert.That((RecordFacts.SecondParent(record, 0), Text(record.Name2)), Is.EqualTo(to));
            Assert.That((record.Dot, record.Source), Is.EqualTo((new Dot(7, 5), 8192ul)));
        }
    }

    private static string Text(ReadOnlySpan<byte> name) => System.Text.Encoding.ASCII.GetString(name);

    private static byte[] Exchange()
    {
        var writer = new RecordWriter(new byte[1024], Op.Rename) { Dot = new Dot(7, 5), Source = 8192, Aux = 2 };
        writer.Add(FieldType.Object, new KmlObject(s_file, 12, 1, 0x81a4));
        writer.Add(FieldType.Parent, new KmlObject(s_one, 2, 1, 0x41ed));
        writer.Add(FieldType.Name, "a"u8);
        writer.Add(FieldType.Parent2, new KmlObject(s_two, 3, 1, 0x41ed));
        writer.Add(FieldType.Name2, "b"u8);
        writer.Add(FieldType.Replaced, new KmlObject(s_directory, 13, 1, 0x41ed));
        return writer.Finish().ToArray();
    }
}
