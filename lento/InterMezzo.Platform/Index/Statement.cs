// SPDX-License-Identifier: GPL-2.0-or-later
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace InterMezzo.Platform;

/// <summary>A prepared statement, used again and again without allocating.</summary>
internal sealed class Statement : IDisposable
{
    private readonly sqlite3 _database;
    private readonly sqlite3_stmt _statement;

    internal Statement(SqliteConnection connection, string sql)
    {
        _database = connection.Handle ?? throw new InvalidOperationException("the connection is closed");
        Check(raw.sqlite3_prepare_v2(_database, sql, out _statement));
    }

    internal Statement Bind(int index, ulong value)
    {
        Check(raw.sqlite3_bind_int64(_statement, index, unchecked((long)value)));
        return this;
    }

    internal Statement Bind(int index, ReadOnlySpan<byte> value)
    {
        Check(raw.sqlite3_bind_blob(_statement, index, value));
        return this;
    }

    /// <summary>True: there is a row, to be read before <see cref="Reset"/>.</summary>
    internal bool Step()
    {
        var result = raw.sqlite3_step(_statement);
        if (result == raw.SQLITE_ROW)
        {
            return true;
        }

        if (result != raw.SQLITE_DONE)
        {
            Reset();
            Check(result);
        }

        return false;
    }

    internal void Run()
    {
        Step();
        Reset();
    }

    internal ulong Integer(int column) => unchecked((ulong)raw.sqlite3_column_int64(_statement, column));

    internal ReadOnlySpan<byte> Blob(int column) => raw.sqlite3_column_blob(_statement, column);

    internal void Reset() => _ = raw.sqlite3_reset(_statement);

    public void Dispose() => _statement.Dispose();

    private void Check(int result)
    {
        if (result != raw.SQLITE_OK)
        {
            throw new SqliteException(raw.sqlite3_errmsg(_database).utf8_to_string(), result & 0xff, result);
        }
    }
}
