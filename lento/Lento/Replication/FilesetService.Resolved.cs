// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Protocol.Replication;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;
using Microsoft.Extensions.Logging;
using ResolvedConflict = InterMezzo.Replication.ResolvedConflict;

namespace InterMezzo.Lento.Replication;

/// <summary>
/// A conflict that a user has resolved on one replica needs nobody's decision on the others. What was resolved travels beside
/// the logs, from client to server and from there to the other clients, and is remembered for those who are away.
/// </summary>
internal sealed partial class FilesetService
{
    /// <summary>A feature of both greetings: what was resolved is understood.</summary>
    private const string WithResolved = "resolved";

    // Set before sessions begin.
    private ResolvedConflicts _resolved = new();

    // Conflicts that were found here, when what was resolved was last compared with them.
    private long _looked;

    /// <summary>What a peer is to be told that was told all up to a number.</summary>
    public IReadOnlyList<ResolvedConflict> ToTell(ref ulong told, ulong peer) => _resolved.Next(ref told, peer, WireLimits.ResolvedPerMessage);

    /// <summary>Ends a conflict, between two updates of peers, and tells the others.</summary>
    public async Task<bool> DropConflictAsync(string id, ulong stamp)
    {
        if (Replica.Conflicts.List().FirstOrDefault(kept => kept.Id == id) is not { } conflict)
        {
            return false;
        }

        // Should it change from here on, its stamp does.
        var resolved = Describe(conflict);
        var isDropped = await Apply.RunAsync(() => Drop(conflict, stamp, resolved));
        TellResolved();
        return isDropped;
    }

    /// <summary>A peer tells what was resolved at its end, or where it has heard of it.</summary>
    public async Task HearAsync(SyncSession session, Resolved message)
    {
        var news = message.Conflicts.Select(WireTypes.Read).Where(resolved => _resolved.Add(resolved, session.Peer)).ToList();
        if (news.Count == 0)
        {
            return;
        }

        await Apply.RunAsync(() => Replica.Applier.NoteResolved(_resolved));
        await DropResolvedAsync();
        TellResolved();
    }

    /// <summary>What was found here since may have been resolved elsewhere before.</summary>
    public Task DropResolvedAgainAsync() => Interlocked.Exchange(ref _looked, Counters.Conflicts) != Counters.Conflicts ? DropResolvedAsync() : Task.CompletedTask;

    /// <summary>Null: nobody else could tell which it is.</summary>
    private ResolvedConflict? Describe(KeptConflict conflict)
    {
        var kept = Replica.Conflicts.Digests(conflict).Take(ResolvedConflict.MaxKept);
        var resolved = new ResolvedConflict(conflict.Conflict.Loser, conflict.Conflict.Object, [.. kept]);
        return resolved.IsWhole ? resolved : null;
    }

    /// <summary>On the apply thread. Noted first: whoever is told of it, was told rightly.</summary>
    private bool Drop(KeptConflict conflict, ulong stamp, ResolvedConflict? resolved)
    {
        if (Replica.Conflicts.Stamp(conflict) != stamp)
        {
            return false;
        }

        if (resolved is not null)
        {
            _resolved.Add(resolved, 0);
            Replica.Applier.NoteResolved(_resolved);
        }

        return Replica.Applier.DropKept(conflict.Id, stamp);
    }

    /// <summary>Drops what is kept here of conflicts that were resolved, if it is the same.</summary>
    private async Task DropResolvedAsync()
    {
        if (_resolved.Count == 0)
        {
            return;
        }

        var waiting = Deferred.All.Select(content => content.Update).ToHashSet();
        foreach (var conflict in Replica.Conflicts.List())
        {
            var (loser, subject) = (conflict.Conflict.Loser, conflict.Conflict.Object);
            if (!_resolved.MayCover(loser, subject) || waiting.Contains(loser))
            {
                continue;
            }

            var stamp = Replica.Conflicts.Stamp(conflict);
            if (_resolved.Covers(loser, subject, Replica.Conflicts.Digests(conflict)) && await Apply.RunAsync(() => Replica.Applier.DropKept(conflict.Id, stamp)))
            {
                _logger.ConflictResolvedElsewhere(Settings.Name, conflict.Id);
            }
        }
    }

    private void TellResolved()
    {
        foreach (var session in Sessions)
        {
            _ = session.TellResolved();
        }
    }
}
