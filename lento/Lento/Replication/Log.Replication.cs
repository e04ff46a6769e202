// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Replication.Ports;
using Microsoft.Extensions.Logging;

namespace InterMezzo.Lento.Replication;

/// <summary>Messages about replication: 3000 to 3999. Numbers are never used again; the next free one is 3027.</summary>
internal static partial class ReplicationLog
{
    [LoggerMessage(EventId = 3000, Level = LogLevel.Information, Message = "{Fileset}: connected to {Peer:x}, its log is applied to {Applied}, ours is there to {Settled}")]
    public static partial void SessionBegan(this ILogger logger, string fileset, ulong peer, ulong applied, ulong settled);

    [LoggerMessage(EventId = 3001, Level = LogLevel.Information, Message = "{Fileset}: the connection with {Peer:x} ended: {Reason}")]
    public static partial void SessionEnded(this ILogger logger, string fileset, ulong peer, string reason);

    [LoggerMessage(EventId = 3003, Message = "{Fileset}: not connected, tried again by itself: {Reason}")]
    public static partial void LinkFailed(this ILogger logger, LogLevel level, string fileset, string reason);

    [LoggerMessage(EventId = 3004, Level = LogLevel.Error, Message = "{Fileset}: replication stopped, next attempt in {Delay}")]
    public static partial void SessionFailed(this ILogger logger, string fileset, TimeSpan delay, Exception exception);

    [LoggerMessage(EventId = 3005, Level = LogLevel.Information, Message = "{Fileset}: in sync with its server {Milliseconds} ms after the link came up")]
    public static partial void InSync(this ILogger logger, string fileset, long milliseconds);

    [LoggerMessage(EventId = 3006, Level = LogLevel.Information, Message = "{Fileset}: takes a snapshot of the server: {Reason}")]
    public static partial void JoinBegan(this ILogger logger, string fileset, string reason);

    [LoggerMessage(EventId = 3007, Level = LogLevel.Information, Message = "{Fileset}: joined, {Objects} objects, {Bytes} bytes fetched, {Conflicts} names kept as conflicts")]
    public static partial void JoinEnded(this ILogger logger, string fileset, long objects, long bytes, int conflicts);

    [LoggerMessage(EventId = 3008, Level = LogLevel.Warning, Message = "{Fileset}: conflict {Reason}: {Loser} is kept in the conflict store, {Winner} stays in the tree")]
    public static partial void ConflictKept(this ILogger logger, string fileset, string reason, string loser, string winner);

    [LoggerMessage(EventId = 3009, Level = LogLevel.Warning, Message = "{Fileset}: record {Source} doesn't fit ({Status}, {Subject}, error {Error}) and is kept in the conflict store")]
    public static partial void RecordDoesNotFit(this ILogger logger, string fileset, ulong source, ApplyStatus status, string subject, int error);

    [LoggerMessage(EventId = 3010, Level = LogLevel.Warning, Message = "{Fileset}: record {Source} is about {Subject}, which isn't here and has no place to be fetched to")]
    public static partial void RecordWithoutObject(this ILogger logger, string fileset, ulong source, string subject);

    [LoggerMessage(EventId = 3011, Level = LogLevel.Warning, Message = "{Fileset}: the fetched object {Subject} didn't fit: {Status}")]
    public static partial void FetchedObjectRefused(this ILogger logger, string fileset, string subject, ApplyStatus status);

    [LoggerMessage(EventId = 3012, Level = LogLevel.Debug, Message = "{Fileset}: a barrier stays without answer")]
    public static partial void BarrierUnanswered(this ILogger logger, string fileset, Exception exception);

    [LoggerMessage(EventId = 3013, Level = LogLevel.Information, Message = "{Fileset}: the log is trimmed below {Offset}")]
    public static partial void Trimmed(this ILogger logger, string fileset, ulong offset);

    [LoggerMessage(EventId = 3014, Level = LogLevel.Warning, Message = "{Fileset}: {Peer:x} is not let in: {Reason}")]
    public static partial void PeerRefused(this ILogger logger, string fileset, ulong peer, string reason);

    [LoggerMessage(EventId = 3015, Level = LogLevel.Information, Message = "{Fileset}: ready as {Side}, replica {Self:x}, log {Log}")]
    public static partial void FilesetReady(this ILogger logger, string fileset, InterMezzo.Replication.Side side, ulong self, string log);

    [LoggerMessage(EventId = 3016, Level = LogLevel.Information, Message = "{Fileset}: stopped")]
    public static partial void FilesetStopped(this ILogger logger, string fileset);

    [LoggerMessage(EventId = 3017, Level = LogLevel.Warning, Message = "A peer sent what no correct peer sends; its call is ended")]
    public static partial void CallRefused(this ILogger logger, Exception exception);

    [LoggerMessage(EventId = 3018, Level = LogLevel.Debug, Message = "A peer is gone: {Reason}")]
    public static partial void CallEnded(this ILogger logger, string reason);

    [LoggerMessage(EventId = 3020, Level = LogLevel.Warning, Message = "{Fileset}: after an unclean stop tree and journal are compared before anything is sent")]
    public static partial void ScanBegan(this ILogger logger, string fileset);

    [LoggerMessage(EventId = 3021, Level = LogLevel.Information, Message = "{Fileset}: tree and journal agree: {Looked} objects looked at, {Told} names told, {Listed} directories listed")]
    public static partial void ScanEnded(this ILogger logger, string fileset, long looked, long told, long listed);

    [LoggerMessage(EventId = 3022, Level = LogLevel.Error, Message = "{Fileset}: tree and journal couldn't be compared")]
    public static partial void ScanFailed(this ILogger logger, string fileset, Exception exception);

    [LoggerMessage(EventId = 3023, Level = LogLevel.Information, Message = "{Fileset}: record {Source} waits until {Subject} isn't open for writing any more")]
    public static partial void ContentDeferred(this ILogger logger, string fileset, ulong source, string subject);

    [LoggerMessage(EventId = 3024, Level = LogLevel.Information, Message = "{Fileset}: record {Source}, which waited for a writer of {Subject}, is applied")]
    public static partial void DeferredContentApplied(this ILogger logger, string fileset, ulong source, string subject);

    [LoggerMessage(EventId = 3025, Level = LogLevel.Warning, Message = "{Fileset}: the content that waited for a writer of {Subject} isn't in the conflict store any more")]
    public static partial void DeferredContentLost(this ILogger logger, string fileset, string subject);

    [LoggerMessage(EventId = 3026, Level = LogLevel.Error, Message = "{Fileset}: what waited for writers couldn't be applied")]
    public static partial void DeferredContentsFailed(this ILogger logger, string fileset, Exception exception);

    [LoggerMessage(EventId = 3027, Level = LogLevel.Warning, Message = "{Fileset}: what was applied last couldn't be made durable; it is applied again after the next start")]
    public static partial void NotFlushed(this ILogger logger, string fileset, Exception exception);

    [LoggerMessage(EventId = 3028, Level = LogLevel.Warning, Message = "{Fileset}: the log isn't the one that was here before: a disk was restored; {Peer:x} joins again, nothing is lost")]
    public static partial void LogWentBack(this ILogger logger, string fileset, ulong peer);

    [LoggerMessage(EventId = 3029, Level = LogLevel.Warning, Message = "{Fileset}: the write permit is taken from {Peer:x} without its word: what it has written meanwhile is merged as if it had been out of reach")]
    public static partial void PermitBroken(this ILogger logger, string fileset, ulong peer);

    [LoggerMessage(EventId = 3030, Level = LogLevel.Error, Message = "{Fileset}: the write permit can't be passed on")]
    public static partial void PermitsFailed(this ILogger logger, string fileset, Exception exception);

    [LoggerMessage(EventId = 3031, Level = LogLevel.Information, Message = "{Fileset}: conflict {Id} was resolved on another replica")]
    public static partial void ConflictResolvedElsewhere(this ILogger logger, string fileset, string id);

    [LoggerMessage(EventId = 3032, Level = LogLevel.Debug, Message = "{Fileset}: a peer went away before it was told what was resolved")]
    public static partial void ResolvedUntold(this ILogger logger, string fileset, Exception exception);

    [LoggerMessage(EventId = 3019, Level = LogLevel.Error, Message = "A peer's call failed")]
    public static partial void CallFailed(this ILogger logger, Exception exception);
}
