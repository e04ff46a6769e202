// SPDX-License-Identifier: GPL-2.0-or-later
using System.Buffers.Binary;
using System.Text;

namespace InterMezzo.Journal.Tests;

public class NameListTests
{
    [TestCase(0)]
    [TestCase(1)]
    [TestCase(3000)]
    [TestCase(20000)]
    public void Names_of_any_number_come_back_each_in_the_list_that_speaks_of_it(int count)
    {
        var names = Enumerable.Range(0, count).Select(i => $"a name with the number {i}").ToHashSet();
        var read = new HashSet<string>();
        var lists = Write(names);
        foreach (var payload in lists)
        {
            Assert.That(payload, Has.Length.LessThanOrEqualTo(KmlFormat.MarkMax));
            Assert.That(NameList.TryParse(payload, out var list), Is.True);
            foreach (var name in list)
            {
                Assert.That(list.SpeaksOf(name), Is.True);
                read.Add(Encoding.UTF8.GetString(name));
            }
        }

        Assert.That(read, Is.EquivalentTo(names));
        Assert.That(lists.Count(payload => NameList.TryParse(payload, out var list) && list.SpeaksOf("any other"u8)), Is.EqualTo(1));
    }

    [Test]
    public void A_list_that_isn_t_one_is_refused()
    {
        var good = Write(["one", "two"])[0];
        Assert.That(NameList.TryParse(good, out _), Is.True);
        foreach (var (why, bytes) in Bad(good))
        {
            Assert.That(NameList.TryParse(bytes, out _), Is.False, why);
        }
    }

    [Test]
    public void No_bytes_whatever_do_harm([Random(0, int.MaxValue, 200)] int seed)
    {
        var random = new Random(seed);
        var bytes = new byte[random.Next(80)];
        random.NextBytes(bytes);
        bytes.AsSpan(0, Math.Min(bytes.Length, 8)).Clear();
        bytes.AsSpan(Math.Min(bytes.Length, 9), Math.Max(0, Math.Min(bytes.Length - 9, 7))).Clear();
        var names = 0;
        if (NameList.TryParse(bytes, out var list))
        {
            foreach (var name in list)
            {
                Assert.That(RecordView.IsName(name), Is.True);
                names++;
            }

            Assert.That(names, Is.EqualTo(bytes[8]));
        }
    }

    private static IEnumerable<(string, byte[])> Bad(byte[] good)
    {
        yield return ("nothing", []);
        yield return ("half a header", good[..12]);
        yield return ("a name that is cut off", good[..^1]);
        yield return ("something behind the names", [.. good, 0]);
        yield return ("too few names", With(good, 8, 3));
        yield return ("too many names", With(good, 8, 1));
        yield return ("a count that no memory holds", With(good, 8, uint.MaxValue));
        yield return ("a mask with holes", With(good, 0, 5));
        yield return ("a value beyond the mask", With(good, 4, 1));
        yield return ("names that belong into another list", With(With(good, 0, uint.MaxValue), 4, 1));
        yield return ("reserved", With(good, 12, 1));
        yield return ("an empty name", [.. good[..16].Select((b, i) => i == 8 ? (byte)1 : b), 0]);
        yield return ("a path", [.. good[..16].Select((b, i) => i == 8 ? (byte)1 : b), 2, (byte)'.', (byte)'.']);
    }

    private static byte[] With(byte[] good, int at, uint value)
    {
        var bytes = good.ToArray();
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(at), value);
        return bytes;
    }

    private static IReadOnlyList<byte[]> Write(IEnumerable<string> names)
    {
        var writer = new NameListWriter();
        foreach (var name in names)
        {
            writer.Add(Encoding.UTF8.GetBytes(name));
        }

        return writer.Payloads();
    }
}
