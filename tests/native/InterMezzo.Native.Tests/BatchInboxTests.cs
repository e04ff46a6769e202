// SPDX-License-Identifier: GPL-2.0-or-later
using Google.Protobuf;
using InterMezzo.Journal;
using InterMezzo.Lento.Replication;
using InterMezzo.Platform;
using InterMezzo.Protocol.Replication;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;
using NUnit.Framework;

namespace InterMezzo.Native.Tests;

/// <summary>A content that came whole before the connection broke, and comes again after it has changed.</summary>
internal sealed class BatchInboxTests
{
    private const ulong Peer = 0x77, Source = 4096;

    private static readonly Fid s_fid = new(Peer, 12, 1);
    private static readonly LogId s_log = new(1, 2);
    private static readonly ContentKey s_key = new(s_fid, s_log, Source);

    private string _place = "";
    private PlainReplica? _replica;

    private PlainReplica Replica => _replica!;

    [SetUp]
    public void OpenReplica()
    {
        _place = Directory.CreateTempSubdirectory("intermezzo-inbox-").FullName;
        _replica = PlainReplica.Open(Directory.CreateDirectory(Path.Combine(_place, "tree")).FullName, "home", 1, Path.Combine(_place, "state"));
        using var broken = NewInbox();
        Begin(broken);
        broken.Take(Piece(0, "0123456789", last: false));
        broken.Take(Piece(10, "", last: true));
    }

    [TearDown]
    public void CloseReplica()
    {
        _replica?.Dispose();
        Directory.Delete(_place, recursive: true);
    }

    [Test]
    public void Unchanged_it_is_taken_as_it_is()
    {
        using var inbox = NewInbox();
        Begin(inbox);
        inbox.Take(Piece(10, "", last: true));
        using var batch = inbox.Take(End());
        Assert.That(batch!.Records.Single().Content!.Size, Is.EqualTo(10));
    }

    [Test]
    public void Grown_it_is_dropped()
    {
        using var inbox = NewInbox();
        Begin(inbox);
        inbox.Take(Piece(10, "more", last: true));
        using var batch = inbox.Take(End(Source));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(batch!.Records.Single().Content, Is.Null);
            Assert.That(batch!.Records.Single().Carry, Is.EqualTo(Protocol.Replication.Carry.Later));
            Assert.That(Replica.Stage.List(), Is.Empty, "the old one is gone: the next attempt begins anew");
        }
    }

    [Test]
    public void Grown_without_being_dropped_ends_the_connection()
    {
        using var inbox = NewInbox();
        Begin(inbox);
        inbox.Take(Piece(10, "more", last: true));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => inbox.Take(End()), Throws.InstanceOf<InvalidMessageException>());
            Assert.That(Replica.Stage.List(), Is.Empty);
        }
    }

    [Test]
    public void Another_content_takes_the_place_of_one_that_came()
    {
        using var inbox = NewInbox();
        Begin(inbox);
        inbox.Take(Piece(10, "more", last: true));
        inbox.Take(Instead());
        inbox.Take(Piece(0, "lost", last: true));
        using var batch = inbox.Take(End());
        using (Assert.EnterMultipleScope())
        {
            Assert.That(batch!.Records.Single().Content!.Size, Is.EqualTo(4));
            Assert.That(batch!.Records.Single().Carry, Is.EqualTo(Protocol.Replication.Carry.Here));
            Assert.That(Replica.Stage.List(), Is.Empty, "nothing of the old one is left");
        }
    }

    [Test]
    public void Anew_nothing_of_what_came_before_the_connection_broke_counts()
    {
        using var inbox = NewInbox();
        Begin(inbox, anew: true);
        inbox.Take(Piece(2, "lost", last: false));
        inbox.Take(Piece(6, "", last: true));
        using var batch = inbox.Take(End());
        Assert.That(batch!.Records.Single().Content!.Size, Is.EqualTo(6));
    }

    [TestCase((long)Source + 64)]
    [TestCase((long)Source - 64)]
    public void Instead_of_what_did_not_come_ends_the_connection(long source)
    {
        using var inbox = NewInbox();
        Begin(inbox);
        inbox.Take(Piece(10, "", last: true));
        Assert.That(() => inbox.Take(Instead((ulong)source)), Throws.InstanceOf<InvalidMessageException>());
    }

    [Test]
    public void Instead_of_a_content_that_is_still_coming_ends_the_connection()
    {
        using var inbox = NewInbox();
        Begin(inbox);
        Assert.That(() => inbox.Take(Instead()), Throws.InstanceOf<InvalidMessageException>());
    }

    private BatchInbox NewInbox() => new(
        Replica.Stage, Replica.Stage.List().Select(staged => staged.Key).ToHashSet(), new RecordGuard(Side.Client, Peer, Replica.Self, _ => false), s_log, 0, new Counters());

    private static void Begin(BatchInbox inbox, bool anew = false)
    {
        inbox.Take(new Frame { Begin = new BatchBegin { Number = 1, From = Source } });
        var records = new Records();
        records.Records_.Add(NewRecord(Source, anew));
        inbox.Take(new Frame { Records = records });
    }

    private static Frame Instead(ulong source = Source) => new() { Instead = NewRecord(source, anew: true) };

    private static Record NewRecord(ulong source, bool anew) => new()
    {
        Source = source,
        Version = source,
        Carry = Protocol.Replication.Carry.Here,
        Anew = anew,
        Data = ByteString.CopyFrom(Close()),
    };

    private static Frame Piece(ulong offset, string data, bool last) => new()
    {
        Content = new Protocol.Replication.Content
        {
            Source = Source,
            Offset = offset,
            Data = ByteString.CopyFromUtf8(data),
            Last = last,
            Size = last ? offset + (ulong)data.Length : 0,
        },
    };

    private static Frame End(params ulong[] dropped)
    {
        var end = new BatchEnd { Number = 1, To = Source + 256 };
        end.Dropped.Add(dropped);
        return new Frame { End = end };
    }

    private static byte[] Close()
    {
        var record = new RecordWriter(new byte[KmlFormat.RecordMax], Op.Close) { Recno = 1, Dot = new Dot(Peer, 1), Local = 1 };
        record.Add(FieldType.Object, new KmlObject(s_fid, 12, 1, 0x81a4));
        record.Add(FieldType.Attr, new KmlAttr { Valid = AttrValid.Size, Size = 10 });
        return record.Finish().ToArray();
    }
}
