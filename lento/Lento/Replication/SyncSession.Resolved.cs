// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Protocol.Replication;

namespace InterMezzo.Lento.Replication;

/// <summary>Tells the peer which conflicts were resolved: one message at a time, however slow it is.</summary>
internal sealed partial class SyncSession
{
    private readonly Lock _telling = new();

    // guarded by _telling
    private Task _tells = Task.CompletedTask;
    private bool _isTelling;
    private ulong _told;

    /// <summary>Whatever it wasn't told yet. Returns at once, with the task that ends when it is on its way or the session is over.</summary>
    public Task TellResolved()
    {
        if (!_start.WantsResolved)
        {
            return Task.CompletedTask;
        }

        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Resolved? first;
        lock (_telling)
        {
            // Who is at it looks again before it ends.
            first = _isTelling ? null : NextToTell();
            if (first is null)
            {
                return _tells;
            }

            _tells = told.Task;
        }

        _ = TellAsync(first, told);
        return told.Task;
    }

    private async Task TellAsync(Resolved first, TaskCompletionSource told)
    {
        try
        {
            for (var next = first; next is not null; next = NextToTell())
            {
                await _stream.WriteAsync(new Frame { Resolved = next }, _end);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or Grpc.Core.RpcException or InvalidOperationException or IOException)
        {
            // The session is over; the next one tells it again.
            _logger.ResolvedUntold(_replica.Fileset, exception);
        }
        finally
        {
            told.SetResult();
        }
    }

    /// <summary>Null: nothing is left.</summary>
    private Resolved? NextToTell()
    {
        lock (_telling)
        {
            var message = new Resolved();
            message.Conflicts.Add(_fileset.ToTell(ref _told, Peer).Select(WireTypes.Write));
            _isTelling = message.Conflicts.Count > 0;
            return _isTelling ? message : null;
        }
    }
}
