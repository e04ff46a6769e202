// SPDX-License-Identifier: GPL-2.0-or-later
using Google.Protobuf;
using InterMezzo.Simulation.Engine;

namespace InterMezzo.Simulation.Network;

/// <summary>One direction of a call: bytes of messages in their order, on their way for as long as the seed says.</summary>
internal sealed class Pipe(Scheduler scheduler) : Lane
{
    /// <summary>What may be on its way, as HTTP/2 has it: whoever writes more waits.</summary>
    private const int Window = 64 << 10;

    private readonly Queue<byte[]> _flying = [];
    private readonly Queue<byte[]> _arrived = [];
    private readonly Queue<TaskCompletionSource> _writers = [];
    private TaskCompletionSource? _reader;
    private Exception? _brokenReader;
    private Exception? _brokenWriter;
    private bool _isCut;
    private bool _isEnded;
    private Exception? _status;
    private int _bytes;

    /// <summary>The first thing that arrives.</summary>
    public Action? Opened { get; set; }

    public long Messages { get; private set; }

    public override bool HasWork => !_isCut && (Opened is not null || _flying.Count > 0);

    public void Open(Action opened)
    {
        Opened = opened;
        scheduler.Add(this);
    }

    public override void RunStep()
    {
        if (Opened is { } opened)
        {
            Opened = null;
            opened();
            return;
        }

        _arrived.Enqueue(_flying.Dequeue());
        Wake();
    }

    public async Task WriteAsync(IMessage message, CancellationToken cancellationToken)
    {
        var bytes = message.ToByteArray();
        while (_brokenWriter is null && !_isEnded && _bytes > 0 && _bytes + bytes.Length > Window)
        {
            var room = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _writers.Enqueue(room);
            using var ending = cancellationToken.UnsafeRegister((_, token) => room.TrySetCanceled(token), null);
            await room.Task;
        }

        ThrowIf(_brokenWriter);
        if (_isEnded)
        {
            throw new InvalidOperationException(Call.Complete);
        }

        Messages++;
        _bytes += bytes.Length;
        if (!_isCut)
        {
            _flying.Enqueue(bytes);
            scheduler.Add(this);
        }
    }

    /// <summary>Null: the end.</summary>
    public async Task<byte[]?> ReadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            ThrowIf(_brokenReader);
            cancellationToken.ThrowIfCancellationRequested();
            if (_arrived.TryDequeue(out var bytes))
            {
                _bytes -= bytes.Length;
                while (_writers.TryDequeue(out var writer))
                {
                    writer.TrySetResult();
                }

                return bytes;
            }

            if (_isEnded && !_isCut && _flying.Count == 0)
            {
                return _status is null ? null : throw _status;
            }

            var more = _reader = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            using var ending = cancellationToken.UnsafeRegister((_, token) => more.TrySetCanceled(token), null);
            await more.Task;
        }
    }

    /// <summary>Nothing follows what was written.</summary>
    /// <param name="status">What the reader finds there; null: the end.</param>
    public void End(Exception? status = null)
    {
        if (!_isEnded && !_isCut)
        {
            (_isEnded, _status) = (true, status);
            Wake();
        }
    }

    /// <summary>What is on its way is lost, and what will be written; nobody has noticed yet.</summary>
    public void Cut()
    {
        _isCut = true;
        _flying.Clear();
    }

    public void BreakReader(Exception why)
    {
        _brokenReader ??= why;
        _arrived.Clear();
        Wake();
    }

    public void BreakWriter(Exception why)
    {
        _brokenWriter ??= why;
        while (_writers.TryDequeue(out var writer))
        {
            writer.TrySetResult();
        }
    }

    private static void ThrowIf(Exception? why)
    {
        if (why is not null)
        {
            throw why;
        }
    }

    private void Wake()
    {
        _reader?.TrySetResult();
        _reader = null;
    }
}
