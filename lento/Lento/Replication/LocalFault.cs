// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Platform;
using InterMezzo.Replication;
using Microsoft.Data.Sqlite;

namespace InterMezzo.Lento.Replication;

/// <summary>What goes wrong at this end, not at the peer's or in between.</summary>
internal static class LocalFault
{
    private const int SqliteFull = 13;

    /// <summary>Something could not be written because there is no room for it.</summary>
    public static bool IsNoRoom(Exception exception) =>
        exception is SysException { IsDiskFull: true } or SqliteException { SqliteErrorCode: SqliteFull };

    /// <summary>
    /// Something was done in part, and memory may know more than the disk (a database takes back a transaction that it
    /// can't write): the replica is opened anew, as after a crash. At a server, what can't be read for one peer is no
    /// reason to disturb the others.
    /// </summary>
    public static bool NeedsReopening(Exception exception, Side side) =>
        IsNoRoom(exception) || exception is SqliteException || (exception is SysException && side == Side.Client);
}
