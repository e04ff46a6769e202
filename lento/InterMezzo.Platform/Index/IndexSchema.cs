// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Platform;

/// <summary>The index's tables. Another version, or another replica's, is thrown away and made anew.</summary>
internal static class IndexSchema
{
    internal const ulong Version = 1;

    internal const string Sql = """
        CREATE TABLE IF NOT EXISTS meta (key INTEGER PRIMARY KEY, value BLOB NOT NULL);
        CREATE TABLE IF NOT EXISTS objects (
            replica INTEGER NOT NULL, ino INTEGER NOT NULL, gen INTEGER NOT NULL,
            type INTEGER NOT NULL, handle BLOB NOT NULL,
            PRIMARY KEY (replica, ino, gen)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS progress (peer INTEGER PRIMARY KEY, payload BLOB NOT NULL);
        CREATE TABLE IF NOT EXISTS joined (
            replica INTEGER NOT NULL, ino INTEGER NOT NULL, gen INTEGER NOT NULL,
            type INTEGER NOT NULL, handle BLOB NOT NULL, complete INTEGER NOT NULL, attr BLOB NOT NULL,
            PRIMARY KEY (replica, ino, gen)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS joined_names (
            replica INTEGER NOT NULL, ino INTEGER NOT NULL, gen INTEGER NOT NULL, name BLOB NOT NULL,
            PRIMARY KEY (replica, ino, gen, name)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS joined_flags (
            replica INTEGER NOT NULL, ino INTEGER NOT NULL, gen INTEGER NOT NULL, value BLOB NOT NULL,
            PRIMARY KEY (replica, ino, gen)) WITHOUT ROWID;
        """;
}
