// SPDX-License-Identifier: GPL-2.0-or-later
using System.Threading.Channels;
using InterMezzo.Protocol.Replication;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;
using Microsoft.Extensions.Logging;

namespace InterMezzo.Lento.Replication;

/// <summary>How a session begins, as both greetings agreed.</summary>
/// <param name="Side">What this replica is to the other one.</param>
/// <param name="Peer">The other replica.</param>
/// <param name="PeerLog">Its log. None: it keeps none, or sends nothing.</param>
/// <param name="Theirs">How far the peer is with our log. Null: it doesn't want it.</param>
/// <param name="Staged">Contents of ours that it has in part.</param>
/// <param name="Writable">What it sends is applied here.</param>
/// <param name="Relays">Also what others have made, and it passes on.</param>
/// <param name="WantsResolved">It is told which conflicts were resolved.</param>
internal sealed record SessionStart(Side Side, ulong Peer, LogId PeerLog, Progress? Theirs, IReadOnlyList<Staged> Staged, bool Writable, bool Relays, bool WantsResolved);

/// <summary>
/// One connection of a fileset with a peer, alike at both ends: the own log
/// goes out, the peer's comes in, each with its acknowledgements. Ends with the
/// connection, or with the first thing that goes wrong.
/// </summary>
internal sealed partial class SyncSession : IDisposable
{
    /// <summary>Whole batches that wait for the apply thread; the peer's window bounds what is on its way besides.</summary>
    private const int QueueLength = 2;

    private readonly FilesetService _fileset;
    private readonly IReplica _replica;
    private readonly SessionStart _start;
    private readonly IFrameStream _stream;
    private readonly CancellationTokenSource _ending;

    /// <summary>Stays what it is when the session is over; others may still hold that.</summary>
    private readonly CancellationToken _end;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ILogger _logger;
    private readonly Sender? _sender;
    private readonly BatchInbox _inbox;
    private readonly BatchApplier _applier;
    private readonly Channel<IncomingBatch> _batches = Channel.CreateBounded<IncomingBatch>(QueueLength);
    private readonly Barriers _barriers = new();

    public SyncSession(FilesetService fileset, SessionStart start, IFrameStream stream, CancellationTokenSource ending, ILogger logger)
    {
        (_fileset, _replica, _start, _stream, _ending, _end, _logger) = (fileset, fileset.Replica, start, stream, ending, ending.Token, logger);
        var direction = start.Side == Side.Server ? Direction.ToClient : Direction.ToServer;
        _sender = start.Theirs is null ? null
            : new Sender(_replica, fileset.Changes!, fileset.Deferred, fileset.Reach!, direction, start.Peer, stream, fileset.Counters);
        var offered = _replica.Stage.List().Select(staged => staged.Key).ToHashSet();
        var guard = new RecordGuard(start.Side, start.Peer, _replica.Self, maker => start.Relays && fileset.State.HasRoomFor(maker));
        _inbox = new BatchInbox(
            _replica.Stage, offered, guard, start.PeerLog, fileset.State.Of(start.Peer)?.Batch.Offset ?? 0, fileset.Counters);
        _applier = new BatchApplier(
            _replica, fileset.State, fileset.Deferred, start.Side, start.Peer, start.PeerLog, fileset.Time, fileset.Counters, logger);
    }

    public ulong Peer => _start.Peer;

    /// <summary>What this replica is to it.</summary>
    public Side Side => _start.Side;

    /// <summary>The peer's log is applied below this offset.</summary>
    public ulong Applied { get; private set; }

    /// <summary>The peer has the own log below this offset; all of it, if it wants none.</summary>
    public ulong Settled => _sender?.Window.Settled ?? _replica.Journal?.Info.Head ?? 0;

    /// <summary>Facets of own updates in memory, which the peer may not know.</summary>
    public int Remembered => _applier.Remembered;

    /// <summary>The own log begins at an offset from now on. On the apply thread.</summary>
    public void OnTrimmed(ulong below) => _applier.OnTrimmed(below);

    public int Unacknowledged => _sender?.Window.Unacknowledged ?? 0;

    /// <summary>
    /// What of the own log this session needs: everything from here on. At a client also what the server has judged, as long as
    /// updates can come that it made before.
    /// </summary>
    public ulong Needed => _sender is null ? _replica.Journal?.Info.Watermark ?? 0 : Math.Min(Math.Min(Settled, _needed), Side == Side.Client ? _applier.Echo : ulong.MaxValue);

    private ulong _needed;

    private int _moves;
    private volatile bool _isApplying;
    private int _movesSeen;

    public async Task RunAsync()
    {
        _ = TellResolved();
        var tasks = new List<Task> { ReadAsync(_end), ApplyAsync(_end) };
        if (_sender is not null)
        {
            var theirs = _start.Theirs!;
            tasks.Add(_sender.RunAsync(theirs.Applied.Offset, theirs.Source, _start.Staged, _end));
        }

        var first = await Task.WhenAny(tasks);
        _ending.Cancel();
        _barriers.Break();
        try
        {
            await Task.WhenAll(tasks);
        }
        catch (Exception) when (first.IsCompletedSuccessfully || first.IsFaulted)
        {
            // The others were cancelled because of the first; what ended that one counts.
        }

        await first;
    }

    /// <summary>Ends the session for another one with the same peer, and returns when it touches nothing any more.</summary>
    public async Task EndAsync()
    {
        try
        {
            _ending.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It is over.
        }

        await _ended.Task;
    }

    /// <summary>It touches nothing any more.</summary>
    public void Ended() => _ended.TrySetResult();

    /// <summary>Returns when the peer has all of the own log that is there now; cancelled when the session ends.</summary>
    public async Task SettleAsync(CancellationToken cancellationToken)
    {
        if (_sender is not null)
        {
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _end);
            await _sender.Window.SettledAsync(_replica.Journal!.Info.Head, linked.Token);
        }
    }

    /// <summary>Says something about the write permit.</summary>
    public Task SayAsync(Permit.Types.Kind kind) => _stream.WriteAsync(new Frame { Permit = new Permit { Kind = kind } }, _end);

    /// <summary>
    /// Returns when all of the peer's log that there is now is here, and each knows what the other had resolved; cancelled
    /// when the session ends.
    /// </summary>
    public async Task CatchUpAsync(CancellationToken cancellationToken)
    {
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _end);
        await TellResolved().WaitAsync(linked.Token);
        await PassBarrierAsync(linked.Token);
        while (_sender is not null && _sender.Window.Settled < _applier.Asked)
        {
            // Not all of it found its place here: what the server is asked, and what it answers.
            await _sender.Window.SettledAsync(_applier.Asked, linked.Token);
            await PassBarrierAsync(linked.Token);
        }
    }

    private async Task PassBarrierAsync(CancellationToken cancellationToken)
    {
        var (id, reply) = _barriers.New();
        await _stream.WriteAsync(new Frame { Barrier = new Protocol.Replication.Barrier { Id = id } }, cancellationToken);
        using var ending = cancellationToken.UnsafeRegister((_, token) => _barriers.Cancel(id, token), null);
        await reply;
    }

    /// <summary>
    /// Whether, since this was asked last, something of the peer's log has come or was applied, or the peer has acknowledged
    /// something. For one who asks.
    /// </summary>
    public bool HasMoved()
    {
        var moves = Volatile.Read(ref _moves);
        var moved = moves != _movesSeen || _isApplying;
        _movesSeen = moves;
        return moved;
    }

    public void Dispose()
    {
        _batches.Writer.TryComplete();
        while (_batches.Reader.TryRead(out var batch))
        {
            batch.Dispose();
        }

        _inbox.Dispose();
    }

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        await foreach (var frame in _stream.ReadAllAsync(cancellationToken))
        {
            _fileset.Counters.BytesReceived(frame.CalculateSize());
            switch (frame.KindCase)
            {
                case Frame.KindOneofCase.Ack:
                    Interlocked.Increment(ref _moves);
                    Acknowledge(frame.Ack);
                    break;
                case Frame.KindOneofCase.Barrier:
                    _ = AnswerAsync(frame.Barrier.Id, cancellationToken);
                    break;
                case Frame.KindOneofCase.BarrierReply:
                    _barriers.Complete(frame.BarrierReply.Id);
                    break;
                case Frame.KindOneofCase.Permit when _start.Writable:
                    _fileset.Hear(this, frame.Permit.Kind);
                    break;
                case Frame.KindOneofCase.Resolved when _start.Writable:
                    await _fileset.HearAsync(this, frame.Resolved);
                    break;
                case Frame.KindOneofCase.Permit:
                case Frame.KindOneofCase.Resolved:
                case Frame.KindOneofCase.Begin when !_start.Writable:
                    throw new InvalidMessageException("updates from a peer that may only read");
                default:
                    Interlocked.Increment(ref _moves);
                    if (_inbox.Take(frame) is { } batch)
                    {
                        await QueueAsync(batch, cancellationToken);
                    }

                    break;
            }
        }
    }

    private async Task QueueAsync(IncomingBatch batch, CancellationToken cancellationToken)
    {
        try
        {
            await _batches.Writer.WriteAsync(batch, cancellationToken);
        }
        catch
        {
            // Nobody else has it: its staging files are to be opened again.
            batch.Dispose();
            throw;
        }
    }

    private void Acknowledge(Ack ack)
    {
        if (_sender is null)
        {
            throw new InvalidMessageException("an acknowledgement of nothing");
        }

        _needed = ack.Position;
        _sender.Window.Acknowledge(ack);
        _fileset.OnAcknowledged();
    }

    /// <summary>A barrier is answered when the peer has acknowledged what the log held when it asked.</summary>
    private async Task AnswerAsync(ulong id, CancellationToken cancellationToken)
    {
        try
        {
            var head = _replica.Journal?.Info.Head ?? 0;
            await SettleAsync(cancellationToken);
            await TellResolved();
            await _stream.WriteAsync(new Frame { BarrierReply = new BarrierReply { Id = id, Head = head } }, cancellationToken);
        }
        catch (Exception exception) when (exception is OperationCanceledException or Grpc.Core.RpcException or InvalidOperationException or IOException)
        {
            // The session is over, and with it the peer's wish to know.
            _logger.BarrierUnanswered(_replica.Fileset, exception);
        }
    }

    private async Task ApplyAsync(CancellationToken cancellationToken)
    {
        var waiting = new List<IncomingBatch>();
        try
        {
            await ApplyAsync(waiting, cancellationToken);
        }
        finally
        {
            // What was staged, the next session goes on with.
            waiting.ForEach(batch => batch.Dispose());
        }
    }

    private async Task ApplyAsync(List<IncomingBatch> waiting, CancellationToken cancellationToken)
    {
        while (await _batches.Reader.WaitToReadAsync(cancellationToken))
        {
            _isApplying = true;
            // Whatever has arrived meanwhile shares one sync.
            while (_batches.Reader.TryRead(out var batch))
            {
                waiting.Add(batch);
                await ApplyAsync(batch, cancellationToken);
                _fileset.Counters.BatchReceived();
            }

            await _fileset.Apply.RunAsync(() => Finish(waiting));
            await _fileset.DropResolvedAgainAsync();
            Applied = waiting[^1].To;
            var ack = new Ack { Number = waiting[^1].Number, Position = Side == Side.Client ? StillNeeded() : Applied };
            waiting.ForEach(batch => batch.Dispose());
            waiting.Clear();
            _isApplying = false;
            Interlocked.Increment(ref _moves);
            await _stream.WriteAsync(new Frame { Ack = ack }, cancellationToken);
            _fileset.OnApplied();
        }
    }

    private void Finish(List<IncomingBatch> batches)
    {
        _applier.Finish(batches);
        _fileset.TryDeferred(all: false);
    }

    /// <summary>Own updates that the server hasn't judged yet knew its log only up to here: it must not trim beyond.</summary>
    private ulong StillNeeded() =>
        Math.Min(Math.Min(Applied, _sender?.Window.OldestKnown ?? ulong.MaxValue), _fileset.Deferred.NeededOf(Peer));

    private async Task ApplyAsync(IncomingBatch batch, CancellationToken cancellationToken)
    {
        for (var next = 0; ;)
        {
            var at = next;
            var step = await _fileset.Apply.RunAsync(() => _applier.Run(batch, at));
            if (step.Missing is not { } missing)
            {
                return;
            }

            using var fetched = await _fileset.FetchAsync(missing, cancellationToken);
            await _fileset.Apply.RunAsync(() => _applier.Enter(step, batch, fetched));
            next = step.Next;
        }
    }
}
