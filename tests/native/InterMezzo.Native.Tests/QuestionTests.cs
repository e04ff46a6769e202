// SPDX-License-Identifier: GPL-2.0-or-later
using Google.Protobuf;
using InterMezzo.Journal;
using InterMezzo.Lento.Replication;
using InterMezzo.Protocol.Replication;
using InterMezzo.Replication;
using NUnit.Framework;

namespace InterMezzo.Native.Tests;

/// <summary>What a client asks about an update of the server's that found no place there.</summary>
internal sealed class QuestionTests
{
    private static readonly Fid s_directory = new(7, 2, 0), s_object = new(9, 14, 3);

    [Test]
    public void A_server_notes_in_its_log_what_the_client_noted_in_its()
    {
        var unfit = new LossMark(1, 8192, new Dot(9, 5), [(s_directory, "name"u8.ToArray())], [s_object], IsContent: false);
        var record = new Record { Source = 4096, Question = Findings.About(unfit) };
        Assert.That(record.Validate, Throws.Nothing);
        var noted = LossMark.Decode(Findings.Answer(record.Question, 2, record.Source).Encode())!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That((noted.Peer, noted.Source, noted.IsContent), Is.EqualTo((2ul, 4096ul, false)));
            Assert.That(noted.Names.Single().Parent, Is.EqualTo(s_directory));
            Assert.That(noted.Names.Single().Name, Is.EqualTo("name"u8.ToArray()));
            Assert.That(noted.Objects, Is.EqualTo([s_object]));
        }
    }

    [Test]
    public void What_is_set_aside_is_asked_about_without_a_name() =>
        Assert.That(Asking([], [WireTypes.Write(s_object)]).Validate, Throws.Nothing);

    [TestCaseSource(nameof(Broken))]
    public void A_broken_one_is_refused(Record record) => Assert.That(record.Validate, Throws.InstanceOf<InvalidMessageException>());

    private static IEnumerable<TestCaseData> Broken()
    {
        var (fid, name) = (WireTypes.Write(s_object), ByteString.CopyFromUtf8("name"));
        yield return new TestCaseData(Asking([], [])).SetArgDisplayNames("about nothing");
        yield return new TestCaseData(Asking([], Enumerable.Repeat(fid, WireLimits.Asked + 1))).SetArgDisplayNames("about too many objects");
        yield return new TestCaseData(Asking(Enumerable.Repeat((fid, name), WireLimits.Asked + 1), [])).SetArgDisplayNames("about too many names");
        yield return new TestCaseData(Asking([], [ByteString.CopyFromUtf8("short")])).SetArgDisplayNames("an object that is none");
        yield return new TestCaseData(Asking([(ByteString.Empty, name)], [])).SetArgDisplayNames("a name nowhere");
        yield return new TestCaseData(Asking([(fid, ByteString.Empty)], [])).SetArgDisplayNames("no name");
        yield return new TestCaseData(Asking([(fid, ByteString.CopyFromUtf8(".."))], [])).SetArgDisplayNames("another directory");
        yield return new TestCaseData(Asking([(fid, ByteString.CopyFromUtf8("a/b"))], [])).SetArgDisplayNames("a path");
        var also = Asking([], [fid]);
        also.Echo = 4096;
        yield return new TestCaseData(also).SetArgDisplayNames("an echo as well");
        var carrying = Asking([], [fid]);
        (carrying.Carry, carrying.Version) = (Protocol.Replication.Carry.Here, 8192);
        yield return new TestCaseData(carrying).SetArgDisplayNames("with a content");
    }

    private static Record Asking(IEnumerable<(ByteString Parent, ByteString Name)> names, IEnumerable<ByteString> objects)
    {
        var question = new Question();
        question.Names.Add(names.Select(place => new Place { Parent = place.Parent, Name = place.Name }));
        question.Objects.Add(objects);
        return new Record { Source = 4096, Question = question };
    }
}
