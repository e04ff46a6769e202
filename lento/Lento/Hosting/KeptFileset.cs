// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics;
using Grpc.Core;
using InterMezzo.Configuration;
using InterMezzo.Lento.Control;
using InterMezzo.Lento.Replication;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Lento.Hosting;

/// <summary>
/// Keeps a fileset at work. When something breaks at this end (no room on the disk, say), the replica is closed and,
/// after a while, opened anew: what a crash does, and what the replica is made for. Until then the fileset is failed,
/// and says why.
/// </summary>
internal sealed class KeptFileset : IFileset
{
    private readonly FilesetFactory _factory;
    private readonly ILogger _logger;
    private readonly RetryPause _pause;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Signal _changed = new();
    private Task _keeping = Task.CompletedTask;

    // One of the two is there. Written by the one that keeps, read by anybody.
    private volatile RunningFileset? _running;
    private volatile Trouble? _trouble;

    public KeptFileset(FilesetConfiguration configuration, FilesetFactory factory, TimeProvider time, ILogger logger)
    {
        (Configuration, _factory, _logger) = (configuration, factory, logger);
        _pause = new RetryPause(time);
    }

    public FilesetConfiguration Configuration { get; }

    /// <exception cref="RpcException">It is out of order.</exception>
    public IReplica Replica => Running.Replica;

    /// <exception cref="RpcException">It is out of order.</exception>
    public FilesetService Service => Running.Service;

    private RunningFileset Running => _running ?? throw new RpcException(new Status(
        StatusCode.FailedPrecondition, $"fileset \"{Configuration.Name}\" is out of order at present: {_trouble?.Reason ?? "it ends"}"));

    /// <summary>Throws what doesn't pass by itself; without room it is started later.</summary>
    public async Task StartAsync()
    {
        try
        {
            _running = await _factory.StartAsync(Configuration);
        }
        catch (Exception exception) when (LocalFault.IsNoRoom(exception))
        {
            _trouble = Trouble.Of(Configuration, _factory.State, exception);
        }

        _keeping = KeepAsync(_stopping.Token);
    }

    public FilesetSnapshot Snapshot() => _running?.Snapshot() ?? new FilesetSnapshot
    {
        State = FilesetState.Failed,
        Reason = _trouble?.Reason ?? "",
        Peers = [.. Configuration.Peers.Select(name => new PeerSnapshot(name, false, 0, 0, 0, 0))],
    };

    public async Task<SyncResult> WaitAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await _changed.WaitUntilAsync(() => _running is not null, cancellationToken);
                if (_running is { } running)
                {
                    var result = await running.WaitAsync(cancellationToken);
                    if (result.InSync || cancellationToken.IsCancellationRequested || running == _running)
                    {
                        return result;
                    }
                }
            }
        }
        catch (OperationCanceledException)
        {
            return new SyncResult(false, [$"{Configuration.Name}: {_trouble?.Reason}"]);
        }
    }

    public Task<ScanProgress> VerifyAsync(CancellationToken cancellationToken) => Running.VerifyAsync(cancellationToken);

    public PermitStatus? Permit => Running.Permit;

    public void ReleasePermit() => Running.ReleasePermit();

    public void BreakPermit() => Running.BreakPermit();

    public Task<bool> DropConflictAsync(string id, ulong stamp) => Running.DropConflictAsync(id, stamp);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _keeping;
        if (_running is { } running)
        {
            await running.DisposeAsync();
        }

        _stopping.Dispose();
    }

    private async Task KeepAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                if (_running is { } running)
                {
                    var began = Stopwatch.GetTimestamp();
                    var exception = await running.Broken.WaitAsync(cancellationToken);
                    _pause.Ran(Stopwatch.GetElapsedTime(began));
                    await CloseAsync(running, Trouble.Of(Configuration, _factory.State, exception));
                }

                _logger.FilesetFailed(Configuration.Name, _trouble!.Reason);
                await _pause.WaitAsync(_trouble.Full, cancellationToken);
                await TryOpenAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // The fileset ends.
        }
    }

    private async Task CloseAsync(RunningFileset running, Trouble trouble)
    {
        (_trouble, _running) = (trouble, null);
        await running.DisposeAsync();
    }

    private async Task TryOpenAsync()
    {
        try
        {
            FilesetChecks.Check(Configuration);
            _running = await _factory.StartAsync(Configuration);
            _trouble = null;
            _changed.Pulse();
            _logger.FilesetGoesOn(Configuration.Name);
        }
        catch (Exception exception)
        {
            _trouble = Trouble.Of(Configuration, _factory.State, exception);
        }
    }
}
