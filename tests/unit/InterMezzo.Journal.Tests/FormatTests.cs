// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Journal.Tests;

/// <summary>C and C# read the same bytes.</summary>
public class FormatTests
{
    [TestCase("KML_VERSION", KmlFormat.Version)]
    [TestCase("KML_SUPER_SIZE", KmlFormat.SuperSize)]
    [TestCase("KML_CHUNK", KmlFormat.ChunkSize)]
    [TestCase("KML_RECORD_MAX", KmlFormat.RecordMax)]
    [TestCase("KML_ALIGN", KmlFormat.Align)]
    [TestCase("KML_PAD_MIN", KmlFormat.PadMin)]
    [TestCase("KML_RANGES_MAX", KmlFormat.RangesMax)]
    [TestCase("KML_MARK_MAX", KmlFormat.MarkMax)]
    [TestCase("KML_INTENT", KmlFormat.Intent)]
    [TestCase("KML_DONE", KmlFormat.Done)]
    [TestCase("KML_VOID", KmlFormat.Void)]
    public void Constant_is_that_of_the_header(string name, long value) => Assert.That(value, Is.EqualTo(Golden.Number("const", name)));

    [TestCase("kml_record", KmlFormat.HeaderSize)]
    [TestCase("kml_result", KmlFormat.ResultSize)]
    [TestCase("kml_fid", KmlFormat.FidSize)]
    [TestCase("kml_object", KmlFormat.ObjectSize)]
    [TestCase("kml_attr", KmlFormat.AttrSize)]
    [TestCase("kml_range", KmlFormat.RangeSize)]
    [TestCase("kml_field", KmlFormat.FieldHeaderSize)]
    public void Size_is_that_of_the_struct(string name, int size) => Assert.That(size, Is.EqualTo(Golden.Number("size", name)));

    [Test]
    public void Opcodes_are_those_of_the_header() => AssertSame<Op>("KML_OP_", except: ["MAX"], noneIsOurs: true);

    [Test]
    public void Field_types_are_those_of_the_header() => AssertSame<FieldType>("KML_F_", except: []);

    [Test]
    public void Record_flags_are_those_of_the_header() =>
        AssertSame<RecordFlags>("KML_FLAG_", except: [], noneIsOurs: true, rename: name => name == "DIR" ? "DIRECTORY" : name);

    [Test]
    public void Attribute_bits_are_those_of_the_header() => AssertSame<AttrValid>("KML_ATTR_", except: [], noneIsOurs: true, rename: name => name switch
    {
        "ATIME" => "ACCESSTIME",
        "MTIME" => "MODIFYTIME",
        "CTIME" => "CHANGETIME",
        "RDEV" => "DEVICE",
        "NLINK" => "LINKS",
        _ => name,
    });

    [Test]
    public void Mount_bits_are_those_of_the_header() => AssertSame<MountFlags>("KML_MOUNT_", except: [], noneIsOurs: true);

    [Test]
    public void Opcodes_never_change()
    {
        string[] frozen =
        [
            "Pad=1", "Create=2", "Mkdir=3", "Symlink=4", "Mknod=5", "Link=6", "Unlink=7", "Rmdir=8", "Rename=9", "SetAttr=10", "SetXattr=11",
            "RemoveXattr=12", "Dirty=13", "Close=14", "Enter=15", "Leave=16", "Mark=17", "Mount=18", "Umount=19",
            "List=20",
        ];
        Assert.That(Enum.GetValues<Op>().Skip(1).Select(op => $"{op}={(int)op}"), Is.EqualTo(frozen));
    }

    private static void AssertSame<T>(string prefix, string[] except, bool noneIsOurs = false, Func<string, string>? rename = null)
        where T : struct, Enum
    {
        var header = Golden.Names("const", prefix).Where(name => !except.Contains(name[prefix.Length..])).ToDictionary(
            name => (rename ?? (n => n))(name[prefix.Length..]).Replace("_", "", StringComparison.Ordinal),
            name => Golden.Number("const", name));
        var ours = Enum.GetValues<T>().Where(value => !noneIsOurs || Convert.ToInt64(value, null) != 0)
            .ToDictionary(value => value.ToString().ToUpperInvariant(), value => Convert.ToInt64(value, null));
        Assert.That(ours, Is.EquivalentTo(header));
    }
}
