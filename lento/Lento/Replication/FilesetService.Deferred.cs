// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;
using Microsoft.Extensions.Logging;

namespace InterMezzo.Lento.Replication;

/// <summary>Contents that wait for programs which have files open for writing: tried at start, and whenever one has closed his.</summary>
internal sealed partial class FilesetService
{
    // For the apply thread: what those wait for that were tried.
    private readonly Dictionary<Dot, ulong> _until = [];

    private Task _following = Task.CompletedTask;

    public DeferredContents Deferred { get; } = new();

    /// <summary>Tries what waits. On the apply thread.</summary>
    /// <param name="all">Not only what is new, or waits for the peer to judge what was written here.</param>
    public void TryDeferred(bool all)
    {
        var settled = false;
        foreach (var waiting in Deferred.All)
        {
            if (!all && _until.TryGetValue(waiting.Update, out var offset) && State.Judged(waiting.Peer) <= offset)
            {
                continue;
            }

            _until.Remove(waiting.Update);
            if (ApplierOf(waiting).Retry(waiting) is { } until)
            {
                _until[waiting.Update] = until;
            }
            else
            {
                settled = true;
            }
        }

        if (settled)
        {
            State.Flush();
        }

        if (Deferred.All.Count == 0)
        {
            _until.Clear();
        }
    }

    /// <summary>Whoever has a file open for writing waits for the permit: what waits for him enters.</summary>
    private void TryKeptOut() => TryDeferred(all: true);

    /// <summary>A client takes the tree over as it is here: what waits of its own it gives up. On the apply thread.</summary>
    private void LoseDeferred(ulong peer)
    {
        foreach (var waiting in Deferred.All.Where(waiting => waiting.Peer == peer))
        {
            ApplierOf(waiting).Lose(waiting, null, "its maker joined anew");
        }
    }

    private BatchApplier ApplierOf(DeferredContent waiting) =>
        new(Replica, State, Deferred, State.SideTo(waiting.Peer), waiting.Peer, waiting.Log, Time, Counters, _logger);

    private async Task FollowWritersAsync(IJournal journal, CancellationToken cancellationToken)
    {
        try
        {
            var released = journal.Info.Released;
            while (true)
            {
                await Apply.RunAsync(() => TryDeferred(all: true));
                released = await journal.WaitReleasedAsync(released, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The next start lists them.
        }
        catch (Exception exception)
        {
            _logger.DeferredContentsFailed(Settings.Name, exception);
            _broken.TrySetResult(exception);
        }
    }
}
