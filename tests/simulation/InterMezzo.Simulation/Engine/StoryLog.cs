// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Lento.Replication;
using Microsoft.Extensions.Logging;

namespace InterMezzo.Simulation.Engine;

/// <summary>What a daemon logs becomes part of the story; what it must never have to log ends it.</summary>
internal sealed class StoryLog(History history, Machine machine) : ILogger<ReplicationEndpoint>
{
    private const int JoinBegan = 3006;
    private const int JoinEnded = 3007;
    private const int UpdateKept = 3008;

    // CallRefused: a correct peer has sent what no correct peer sends. RecordWithoutObject, FetchedObjectRefused: something is lost.
    private static readonly int[] s_never = [3017];

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (machine.Daemon?.Log != this || !IsEnabled(logLevel) || exception is Syscalls.KilledException)
        {
            return;
        }

        history.Tell(machine, $"lento: {formatter(state, exception)}{(exception is null ? "" : $" ({exception.GetType().Name}: {exception.Message})")}");
        history.Lost |= machine.Downstream.Any() && eventId.Id == UpdateKept && formatter(state, exception) is var said && !said.Contains("content/content", StringComparison.Ordinal);
        if (eventId.Id is JoinBegan or JoinEnded)
        {
            history.Ledger.ForgetsRemovals(machine);
        }

        if (s_never.Contains(eventId.Id) || IsFault(exception))
        {
            history.Fail($"{machine.Name}: {formatter(state, exception)}: {exception}");
        }
    }

    /// <summary>A connection that breaks, and a log that was trimmed, are nobody's fault; nor that gRPC won't write to a call that is over.</summary>
    private static bool IsFault(Exception? exception) =>
        exception is not (null or IOException or OperationCanceledException or Grpc.Core.RpcException) && exception.Message != Network.Call.Complete;
}
