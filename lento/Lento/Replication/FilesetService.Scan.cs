// SPDX-License-Identifier: GPL-2.0-or-later
using Grpc.Core;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Lento.Replication;

/// <summary>The comparison of tree and log: after a stop that leaves them in doubt before anybody is told, and when asked for.</summary>
internal sealed partial class FilesetService
{
    private Task _scan = Task.CompletedTask;

    // One at a time; read by anybody.
    private volatile ScanProgress? _scanning;

    /// <summary>Null: the tree isn't being compared with the log.</summary>
    public ScanProgress? Scanning => _scanning;

    /// <summary>Compares the tree with the log, and journals what is found.</summary>
    /// <exception cref="RpcException">There is no log, or a comparison goes on.</exception>
    public async Task<ScanProgress> VerifyAsync(CancellationToken cancellationToken)
    {
        if (Replica.Scan is not { } scan)
        {
            throw new RpcException(new Status(StatusCode.FailedPrecondition, $"fileset \"{Settings.Name}\" has no journal of its own that could be told: there is nothing to verify"));
        }

        var progress = new ScanProgress();
        if (!_scan.IsCompleted || Interlocked.CompareExchange(ref _scanning, progress, null) is not null)
        {
            throw new RpcException(new Status(StatusCode.FailedPrecondition, $"fileset \"{Settings.Name}\" is being verified; `intermezzo-ctl status` shows how far it is"));
        }

        try
        {
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stopping.Token);
            await Apply.RunAsync(() => Compare(scan, State.Scan.ToVerify, progress, linked.Token));
            return progress;
        }
        finally
        {
            _scanning = null;
        }
    }

    /// <summary>What a stop left in doubt is found and told before any peer is talked to; then the link is kept.</summary>
    private async Task SettleStopAsync(ITreeScan scan)
    {
        var progress = _scanning!;
        try
        {
            _logger.ScanBegan(Settings.Name);
            await Apply.RunAsync(() => Compare(scan, State.Scan.Doubtful, progress, _stopping.Token));
            _logger.ScanEnded(Settings.Name, progress.Looked, progress.Told, progress.Listed);
            _scanning = null;
            KeepLink();
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The next start does it.
        }
        catch (Exception exception)
        {
            _logger.ScanFailed(Settings.Name, exception);
            _broken.TrySetResult(exception);
        }
    }

    private void Compare(ITreeScan scan, DoubtfulRange range, ScanProgress progress, CancellationToken cancellationToken)
    {
        scan.Run(Suspicion.Read(Replica.Journal!, range), progress, cancellationToken);
        State.EndScan();
    }

    private void RequireSettled()
    {
        if (!_scan.IsCompleted)
        {
            throw new RpcException(new Status(
                StatusCode.Unavailable, $"after an unclean stop the server compares tree and journal of fileset \"{Settings.Name}\" first; this is tried again by itself"));
        }
    }
}
