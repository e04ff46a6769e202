// SPDX-License-Identifier: GPL-2.0-or-later
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using InterMezzo.Journal;
using InterMezzo.Lento.Replication;
using InterMezzo.Protocol.Replication;
using InterMezzo.Replication.Ports;
using NUnit.Framework;
using ReplicationClient = InterMezzo.Protocol.Replication.Replication.ReplicationClient;

namespace InterMezzo.Native.Tests;

/// <summary>Three replicas list the same conflict: where it is resolved on one, nobody need decide on the others.</summary>
[TestFixture]
public class SyncResolvedTests
{
    private static readonly Dot _loser = new(2, 5);

    private readonly List<IAsyncDisposable> _running = [];
    private readonly List<SyncLink> _links = [];
    private string _place = "";
    private SyncScript _script = null!;
    private int _port;
    private SyncServer _server = null!;

    [SetUp]
    public async Task ServeAsync()
    {
        _place = Directory.CreateTempSubdirectory("intermezzo-resolved-").FullName;
        _script = new SyncScript(At("source"), At("source.kml"));
        _script.Create("f", "content"u8);
        _port = SyncFilesets.FreePort();
        _server = await StartServerAsync();
    }

    [TearDown]
    public async Task EndAsync()
    {
        _running.Reverse();
        foreach (var running in _running)
        {
            await running.DisposeAsync();
        }

        _running.Clear();
        _links.ForEach(link => link.Dispose());
        _script.Dispose();
        Directory.Delete(_place, recursive: true);
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task Resolved_on_one_it_is_resolved_on_all([Values(1ul, 2ul, 3ul)] ulong where, CancellationToken cancellationToken)
    {
        var clients = new[] { await StartClientAsync(2, cancellationToken), await StartClientAsync(3, cancellationToken) };
        FilesetService[] all = [_server.Fileset, .. clients];
        foreach (var fileset in all)
        {
            await KeepAsync(fileset);
        }

        Assert.That(await ResolveAsync(all[where - 1]), Is.True);
        foreach (var client in clients)
        {
            // The one that has resolved it first: it is told before the others hear of it.
            await clients[where == 3 ? 1 : 0].SyncAsync(cancellationToken);
            await client.SyncAsync(cancellationToken);
        }

        Assert.That(all.Select(fileset => fileset.Replica.Conflicts.List().Count), Is.All.Zero);
        Assert.That(all.Select(fileset => fileset.Replica.Conflicts.ReadResolved().Count), Is.All.EqualTo(1), "each remembers");
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task Who_was_away_hears_it_when_he_comes_back([Values] bool serverToo, [Values] bool atServer, CancellationToken cancellationToken)
    {
        var second = await StartClientAsync(2, cancellationToken);
        var third = await StartClientAsync(3, cancellationToken);
        foreach (var fileset in (FilesetService[])[_server.Fileset, second, third])
        {
            await KeepAsync(fileset);
        }

        await StopAsync(third);
        await ResolveAsync(atServer ? _server.Fileset : second);
        await second.SyncAsync(cancellationToken);
        if (serverToo)
        {
            await StopAsync(second);
            await StopAsync(_server);
            _server = await StartServerAsync();
        }

        third = await StartClientAsync(3, cancellationToken);
        Assert.That(third.Replica.Conflicts.List(), Is.Empty);
        Assert.That(_server.Fileset.Replica.Conflicts.List(), Is.Empty);
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task What_was_resolved_without_a_connection_is_told_with_the_next([Values] bool restarted, CancellationToken cancellationToken)
    {
        var second = await StartClientAsync(2, cancellationToken);
        await KeepAsync(second);
        await KeepAsync(_server.Fileset);
        await StopAsync(_server);
        await ResolveAsync(second);
        if (restarted)
        {
            await StopAsync(second);
        }

        _server = await StartServerAsync();
        second = restarted ? await StartClientAsync(2, cancellationToken) : second;
        _links[^1].ChangeNetwork();
        await second.SyncAsync(cancellationToken);
        Assert.That(_server.Fileset.Replica.Conflicts.List(), Is.Empty);
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task Other_bytes_and_other_updates_stay(CancellationToken cancellationToken)
    {
        var second = await StartClientAsync(2, cancellationToken);
        var third = await StartClientAsync(3, cancellationToken);
        await KeepAsync(_server.Fileset);
        await KeepAsync(second, loser: new Dot(2, 6));
        await File.WriteAllTextAsync(At("copy3/f"), "not what they have seen", cancellationToken);
        await KeepAsync(third);
        await ResolveAsync(_server.Fileset);
        await second.SyncAsync(cancellationToken);
        await third.SyncAsync(cancellationToken);
        Assert.That(_server.Fileset.Replica.Conflicts.List(), Is.Empty);
        Assert.That(second.Replica.Conflicts.List().Single().Conflict.Loser, Is.EqualTo(new Dot(2, 6)));
        using var kept = third.Replica.Conflicts.Open(_loser);
        Assert.That(kept!.ReadState().Attr.Size, Is.EqualTo((ulong)"not what they have seen".Length));
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task Found_after_it_was_resolved_elsewhere_it_goes_too(CancellationToken cancellationToken)
    {
        var second = await StartClientAsync(2, cancellationToken);
        await KeepAsync(_server.Fileset);
        await ResolveAsync(_server.Fileset);
        await second.SyncAsync(cancellationToken);
        await KeepAsync(second);
        await StopAsync(second);
        second = await StartClientAsync(2, cancellationToken);
        Assert.That(second.Replica.Conflicts.List(), Is.Empty);
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task What_has_changed_since_it_was_looked_at_is_told_to_nobody(CancellationToken cancellationToken)
    {
        var second = await StartClientAsync(2, cancellationToken);
        await KeepAsync(_server.Fileset);
        await KeepAsync(second);
        var kept = _server.Fileset.Replica.Conflicts.List().Single();
        Assert.That(await _server.Fileset.DropConflictAsync(kept.Id, _server.Fileset.Replica.Conflicts.Stamp(kept) + 1), Is.False);
        await second.SyncAsync(cancellationToken);
        Assert.That(second.Replica.Conflicts.List(), Has.Count.EqualTo(1));
        Assert.That(_server.Fileset.Replica.Conflicts.ReadResolved().Count, Is.Zero);
    }

    [TestCase("read-only", false)]
    [TestCase("nothing", true)]
    [TestCase("no replica", true)]
    [TestCase("no object", true)]
    [TestCase("a short digest", true)]
    [TestCase("many versions", true)]
    [TestCase("nothing that tells which", true)]
    [TestCase("many conflicts", true)]
    public async Task Nonsense_ends_the_connection(string what, bool mayWrite)
    {
        await KeepAsync(_server.Fileset);
        _server.IsWritable = mayWrite;
        using var channel = GrpcChannel.ForAddress($"http://127.0.0.1:{_port}");
        using var call = new ReplicationClient(channel).Sync();
        var info = _server.Fileset.Replica.Journal!.Info;
        var hello = new Hello { Fileset = "home", Replica = 9 };
        hello.Progress = new Progress { Applied = new Protocol.Replication.Position { Log = ByteString.CopyFrom(info.Log.ToArray()), Offset = info.First } };
        hello.Features.Add("resolved");
        await call.RequestStream.WriteAsync(new ClientMessage { Hello = hello });
        Assert.That(await call.ResponseStream.MoveNext(CancellationToken.None), Is.True);
        Assert.That(call.ResponseStream.Current.Welcome.Mode, Is.EqualTo(Welcome.Types.Mode.Live));
        await call.RequestStream.WriteAsync(new ClientMessage { Frame = new Frame { Resolved = Resolved(what) } });
        var refused = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (await call.ResponseStream.MoveNext(CancellationToken.None))
            {
                // Batches may come before.
            }
        });
        Assert.That(refused!.StatusCode, Is.EqualTo(StatusCode.InvalidArgument));
        Assert.That(_server.Fileset.Replica.Conflicts.List(), Has.Count.EqualTo(1));
    }

    private static Resolved Resolved(string what)
    {
        var conflict = new ResolvedConflict { LoserReplica = 2, LoserCounter = 5, Fid = WireTypes.Write(new Fid(1, 2, 3)) };
        var digest = ByteString.CopyFrom(new byte[WireLimits.Digest]);
        switch (what)
        {
            case "nothing":
                return new Resolved();
            case "no replica":
                conflict.LoserReplica = 0;
                break;
            case "no object":
                conflict.Fid = ByteString.CopyFrom(new byte[WireLimits.Fid]);
                break;
            case "a short digest":
                conflict.Kept.Add(ByteString.CopyFrom(new byte[WireLimits.Digest - 1]));
                break;
            case "many versions":
                conflict.Kept.Add(Enumerable.Repeat(digest, WireLimits.ResolvedKept + 1));
                break;
            case "nothing that tells which":
                conflict.LoserCounter = 0;
                break;
        }

        var message = new Resolved();
        message.Conflicts.Add(Enumerable.Repeat(conflict, what == "many conflicts" ? WireLimits.ResolvedPerMessage + 1 : 1));
        return message;
    }

    /// <summary>As if the file's present content had lost.</summary>
    private static Task KeepAsync(FilesetService fileset, Dot? loser = null) => fileset.Apply.RunAsync(() =>
    {
        using var file = fileset.Replica.Tree.OpenAt(fileset.Replica.Tree.Root, "f"u8)!;
        var conflict = new Conflict(
            loser ?? _loser, new Dot(1, fileset.Replica.Self), "content/content", DateTimeOffset.UnixEpoch, file.Fid, fileset.Replica.Tree.Root, "f"u8.ToArray());
        Assert.That(fileset.Replica.Applier.CopyToConflictStore(file.Fid, conflict).IsDone);
        fileset.Replica.Applier.Flush();
        return true;
    });

    private static Task<bool> ResolveAsync(FilesetService fileset)
    {
        var kept = fileset.Replica.Conflicts.List().Single();
        return fileset.DropConflictAsync(kept.Id, fileset.Replica.Conflicts.Stamp(kept));
    }

    private async Task<SyncServer> StartServerAsync()
    {
        var server = await SyncServer.StartAsync(SyncFilesets.Source(At("source"), At("source.kml"), At("server-state")), _port);
        _running.Add(server);
        return server;
    }

    private async Task<FilesetService> StartClientAsync(ulong self, CancellationToken cancellationToken)
    {
        _links.Add(new SyncLink(_port));
        var client = SyncFilesets.PlainClient(At($"copy{self}"), At($"state{self}"), _links[^1], self);
        _running.Add(client);
        await client.StartAsync();
        await client.SyncAsync(cancellationToken);
        return client;
    }

    private async Task StopAsync(IAsyncDisposable running)
    {
        _running.Remove(running);
        await running.DisposeAsync();
    }

    private string At(string name) => Path.Combine(_place, name);
}
