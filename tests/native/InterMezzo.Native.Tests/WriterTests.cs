// SPDX-License-Identifier: GPL-2.0-or-later
using System.Text;
using Google.Protobuf;
using InterMezzo.Journal;
using InterMezzo.Lento.Replication;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;
using NUnit.Framework;
using Wire = InterMezzo.Protocol.Replication;

namespace InterMezzo.Native.Tests;

/// <summary>New content meets a program that has the file open for writing: what is judged when, and what is left.</summary>
[TestFixture]
public class WriterTests
{
    private const ulong Self = 1;
    private const ulong Other = 2;
    private const ulong Third = 3;

    private static readonly Fid _file = new(Other, 100, 1);
    private static readonly LogId _theirs = new(5, 5);

    private readonly Dictionary<ulong, BatchApplier> _appliers = [];
    private string _place = "";
    private MemoryJournal _log = null!;
    private WrittenReplica _here = null!;
    private ReplicationState _state = null!;
    private DeferredContents _waiting = null!;
    private Side _side;
    private ulong _batch;

    [SetUp]
    public void MakePlace()
    {
        _place = Directory.CreateTempSubdirectory("intermezzo-writer-").FullName;
        _log = new MemoryJournal();
    }

    [TearDown]
    public void RemovePlace()
    {
        _here.Dispose();
        Directory.Delete(_place, recursive: true);
    }

    [Test]
    public void Closed_without_having_been_written_the_newer_version_enters([Values] Side side, [Values] bool restart)
    {
        Start(side);
        Receive(Other, 1000, Op.Close, "new");
        Assert.That((Tree, Waiting), Is.EqualTo(("old", 1000)));
        if (restart)
        {
            Restart(side);
        }

        Assert.That(Try(), Is.EqualTo(BatchApplier.ForWriter), "it is still open");
        _here.Writers = Writers.None;
        Assert.That(Try(), Is.Null);
        Assert.That((Tree, Waiting), Is.EqualTo(("new", 0)));
        Assert.That(Listed, Is.Empty);
    }

    [Test]
    public void Who_waits_for_the_permit_finds_the_newer_version_in_the_file_that_he_has_open([Values] Side side, [Values] bool late)
    {
        Start(side);
        using var open = new FileStream(At("f"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        _here.Writers = late ? Writers.Writing : Writers.Waiting;
        Receive(Other, 1000, Op.Close, "newer");
        if (late)
        {
            Assert.That(Waiting, Is.EqualTo(1000));
            _here.Writers = Writers.Waiting;
            Assert.That(Try(), Is.Null);
        }

        using var reader = new StreamReader(open);
        Assert.That((reader.ReadToEnd(), Tree, Waiting), Is.EqualTo(("newer", "newer", 0)));
        Assert.That(Listed, Is.Empty);
    }

    [Test]
    public void Of_two_newer_versions_the_newest_enters([Values] Side side)
    {
        Start(side);
        Receive(Other, 1000, Op.Close, "new");
        Receive(Other, 2000, Op.Close, "newest");
        Assert.That((Waiting, Listed.Count), Is.EqualTo((2000, 1)));
        _here.Writers = Writers.None;
        Receive(Other, 3000, Op.Close, "latest of all");
        Assert.That((Tree, Waiting), Is.EqualTo(("latest of all", 0)));
        Assert.That(Listed, Is.Empty);
    }

    [Test]
    public void Written_at_a_client_it_stays_until_the_server_has_judged_it_then_gives_way([Values] bool restart)
    {
        Start(Side.Client);
        Receive(Other, 1000, Op.Close, "theirs");
        var close = Write("mine");
        _here.Writers = Writers.None;
        Assert.That(Try(), Is.EqualTo(close), "the server doesn't have it");
        Assert.That(Tree, Is.EqualTo("mine"));
        Assert.That(_waiting.KnownTo(RecordView.Parse(Own(Op.Close)), Self, Other, 9000), Is.EqualTo(1000), "it is sent as made without knowing");
        if (restart)
        {
            Restart(Side.Client);
        }

        Echo(close + 1, 2000);
        Assert.That(Try(), Is.Null);
        Assert.That(Tree, Is.EqualTo("theirs"));
        Assert.That(Listed.Single().Conflict.Reason, Is.EqualTo("content/content"));
        Assert.That(Kept(Listed.Single().Conflict.Loser), Is.EqualTo("mine"));
    }

    [Test]
    public void Written_at_a_client_that_only_follows_it_gives_way_at_once()
    {
        Start(Side.Client);
        _state.KeepsOwn = true;
        Receive(Other, 1000, Op.Close, "theirs");
        Write("mine");
        _here.Writers = Writers.None;
        Assert.That(Try(), Is.Null);
        Assert.That((Tree, Kept(Listed.Single().Conflict.Loser)), Is.EqualTo(("theirs", "mine")));
    }

    [Test]
    public void Half_written_when_the_newer_version_comes_it_is_kept_as_it_is_when_closed()
    {
        Start(Side.Client);
        _log.Append(Own(Op.Dirty));
        Receive(Other, 1000, Op.Close, "theirs");
        Assert.That((Waiting, Listed.Single().Conflict.Reason), Is.EqualTo((1000, "open for writing here")), "nothing half written is kept");
        Echo(Write("mine, all of it") + 1, 2000);
        _here.Writers = Writers.None;
        Assert.That(Try(), Is.Null);
        Assert.That((Tree, Kept(Listed.Single().Conflict.Loser)), Is.EqualTo(("theirs", "mine, all of it")));
    }

    [Test]
    public void Written_at_the_server_it_stays_and_the_client_goes_on_from_there([Values] bool open)
    {
        Start(Side.Server);
        Receive(Other, 1000, Op.Close, "theirs", known: KmlFormat.SuperSize);
        var close = Write("the server's");
        _here.Writers = open ? Writers.Writing : Writers.None;
        if (open)
        {
            // Those who know it find it decided.
            Receive(Other, 2000, Op.Close, "by who knows", known: close + 1);
            Assert.That((Tree, Waiting), Is.EqualTo(("the server's", 2000)));
            _here.Writers = Writers.None;
        }

        Assert.That(Try(), Is.Null);
        Assert.That(Tree, Is.EqualTo(open ? "by who knows" : "the server's"));
        Assert.That(Listed.Single().Conflict.Reason, Is.EqualTo("content/content"));
        Assert.That(Kept(new Dot(Other, 1000)), Is.EqualTo("theirs"));
    }

    [Test]
    public void The_server_remembers_what_the_client_has_long_known_otherwise()
    {
        Start(Side.Server);
        _here.Writers = Writers.None;
        var close = Write("the server's");
        Receive(Other, 1000, Op.SetAttr, null, known: close + 1);
        Receive(Other, 2000, Op.Close, "written without knowing", known: close);
        Assert.That(Tree, Is.EqualTo("the server's"));
        Assert.That(Kept(new Dot(Other, 2000)), Is.EqualTo("written without knowing"));
    }

    [Test]
    public void At_a_server_the_first_of_two_clients_wins()
    {
        Start(Side.Server);
        Receive(Other, 1000, Op.Close, "first");
        Receive(Third, 1000, Op.Close, "second");
        Assert.That(Waiting, Is.EqualTo(1000));
        Assert.That(Kept(new Dot(Third, 1000)), Is.EqualTo("second"));
        _here.Writers = Writers.None;
        Assert.That(Try(), Is.Null);
        Assert.That(Tree, Is.EqualTo("first"));
        Assert.That(Listed.Single().Conflict.Winner, Is.EqualTo(new Dot(Other, 1000)));
    }

    [Test]
    public void Removed_meanwhile_it_is_a_conflict_if_it_was_removed_here([Values] bool here)
    {
        Start(Side.Client);
        Receive(Other, 1000, Op.Close, "new");
        _here.Writers = Writers.None;
        if (here)
        {
            _log.Append(Own(Op.Unlink));
            File.Delete(At("f"));
            Assert.That(Try(), Is.Null);
        }
        else
        {
            Receive(Other, 2000, Op.Unlink, null);
        }

        Assert.That((File.Exists(At("f")), Waiting), Is.EqualTo((false, 0)));
        Assert.That(Listed.Select(listed => listed.Conflict.Reason), here ? Is.EqualTo(new[] { "content/remove" }) : Is.Empty);
    }

    [Test]
    public void Killed_after_it_was_applied_it_waits_no_more()
    {
        Start(Side.Client);
        Receive(Other, 1000, Op.Close, "new");
        _log.Append(Record(Other, 1000, Op.Close, "new", RecordFlags.Applied));
        Restart(Side.Client);
        Assert.That((Waiting, Listed.Count), Is.EqualTo((0, 0)));
    }

    private string Tree => File.ReadAllText(At("f"));

    /// <summary>Source of what waits; 0: nothing, neither in memory nor in the store.</summary>
    private int Waiting
    {
        get
        {
            Assert.That(_here.Conflicts.ListDeferred().Select(waiting => waiting.Update), Is.EqualTo(_waiting.All.Select(waiting => waiting.Update)));
            return (int)(_waiting.All.SingleOrDefault()?.Source ?? 0);
        }
    }

    private IReadOnlyList<KeptConflict> Listed => _here.Conflicts.List();

    private string At(string name) => Path.Combine(_place, "tree", name);

    private void Start(Side side)
    {
        Directory.CreateDirectory(Path.Combine(_place, "tree"));
        _here = new WrittenReplica(Path.Combine(_place, "tree"), Path.Combine(_place, "state"), Self, _log);
        Load(side);
        Receive(Other, 500, Op.Create, "old");
        _here.Writers = Writers.Writing;
    }

    private void Restart(Side side)
    {
        _here.Dispose();
        _here = new WrittenReplica(Path.Combine(_place, "tree"), Path.Combine(_place, "state"), Self, _log) { Writers = _here.Writers };
        Load(side);
    }

    private void Load(Side side)
    {
        _side = side;
        _waiting = new DeferredContents();
        _state = new ReplicationState(_here, _waiting, side, side == Side.Server);
        _state.Load();
        _appliers.Clear();
    }

    private BatchApplier ApplierOf(ulong peer)
    {
        if (!_appliers.TryGetValue(peer, out var applier))
        {
            applier = new BatchApplier(
                _here, _state, _waiting, _side, peer, _theirs, TimeProvider.System, new Counters(), new SyncLog("writer").CreateLogger(""));
            _appliers[peer] = applier;
        }

        return applier;
    }

    private ulong? Try() => new BatchApplier(
        _here, _state, _waiting, _side, Other, _theirs, TimeProvider.System, new Counters(), new SyncLog("writer").CreateLogger(""))
        .Retry(_waiting.All.Single());

    private void Receive(ulong peer, ulong source, Op op, string? content, ulong known = KmlFormat.SuperSize)
    {
        var carry = content is null ? Wire.Carry.None : Wire.Carry.Here;
        var wire = new Wire.Record { Source = source, Known = known, Data = ByteString.CopyFrom(Record(peer, source, op, content)), Carry = carry, Version = source };
        Apply(peer, new IncomingRecord(wire) { Content = content is null ? null : Text(content) }, source + 16);
    }

    /// <summary>The server tells this client how much of its log it has judged.</summary>
    private void Echo(ulong below, ulong source) => Apply(Other, new IncomingRecord(new Wire.Record { Source = source, Echo = below }), source + 16);

    private void Apply(ulong peer, IncomingRecord record, ulong end)
    {
        using var batch = new IncomingBatch(++_batch, record.Source) { To = end };
        batch.Records.Add(record);
        Assert.That(ApplierOf(peer).Run(batch, 0), Is.EqualTo(ApplyStep.Finished));
        ApplierOf(peer).Finish([batch]);
    }

    /// <summary>A program writes the file and closes it. Returns where its CLOSE is.</summary>
    private ulong Write(string text)
    {
        _log.Append(Own(Op.Dirty));
        File.WriteAllText(At("f"), text);
        return _log.Append(Own(Op.Close));
    }

    private string Kept(Dot loser)
    {
        using var kept = _here.Conflicts.Open(loser)!;
        var bytes = new byte[100];
        return Encoding.UTF8.GetString(bytes.AsSpan(0, kept.Read(0, bytes)));
    }

    private static InlineContent Text(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return new InlineContent((ulong)bytes.Length, [new ContentPiece(0, bytes)]);
    }

    private byte[] Own(Op op) => Record(0, 0, op, "mine", counter: op == Op.Dirty ? 0ul : 40);

    private byte[] Record(ulong maker, ulong source, Op op, string? content, RecordFlags flags = RecordFlags.None, ulong? counter = null)
    {
        const uint Mode = 0x81a4;
        var writer = new RecordWriter(new byte[KmlFormat.RecordMax], op) { Dot = new Dot(maker, counter ?? source), Flags = flags };
        writer.Source = flags.HasFlag(RecordFlags.Applied) ? source : 0;
        if (op == Op.Create)
        {
            writer.Result = new KmlResult(KmlFormat.Done, _file.Ino, _file.Gen, Mode, 0, 0, default, ResultFlags.None);
        }
        else
        {
            writer.Add(FieldType.Object, new KmlObject(_file, _file.Ino, _file.Gen, Mode));
        }

        writer.Add(FieldType.Parent, new KmlObject(_here.Root, 2, 1, 0x41ed));
        writer.Add(FieldType.Name, "f"u8);
        if (op != Op.Unlink && op != Op.Dirty)
        {
            var size = (ulong)(content?.Length ?? 0);
            writer.Add(FieldType.Attr, new KmlAttr
            {
                Valid = op == Op.SetAttr ? AttrValid.ModifyTime : AttrValid.Mode | AttrValid.Uid | AttrValid.Gid | AttrValid.Size | AttrValid.ModifyTime,
                Mode = Mode,
                Size = size,
                ModifyTime = new KmlTime(1_700_000_000 + (long)source, 0),
            });
        }

        return writer.Finish().ToArray();
    }
}
