// SPDX-License-Identifier: GPL-2.0-or-later
using System.Buffers.Binary;
using InterMezzo.Journal;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;
using Microsoft.Data.Sqlite;

namespace InterMezzo.Platform;

/// <summary>
/// Where objects are (FID to handle), and what peers are owed. One connection, its changes in one transaction from
/// flush to flush; memory is SQLite's page cache, whatever the size of the tree.
/// </summary>
/// <remarks>
/// Crash argument. With a log: a transaction holds the log offset it is as of, so after a crash the index is that of
/// some flush, and the log tells the rest. Without: it is committed after the tree is durable, so it never knows more
/// than the tree holds, and what it misses is applied again.
/// </remarks>
internal sealed partial class SqliteIndex : IIndex, IDisposable
{
    private readonly Lock _gate = new();

    // guarded by _gate
    private readonly SqliteConnection _connection;
    private readonly Statement _begin;
    private readonly Statement _commit;
    private readonly Statement _get;
    private readonly Statement _put;
    private readonly Statement _remove;
    private readonly Statement _getMeta;
    private readonly Statement _setMeta;
    private bool _inTransaction;

    private readonly bool _isOnlyMemory;

    private SqliteIndex(SqliteConnection connection, bool isOnlyMemory)
    {
        (_connection, _isOnlyMemory) = (connection, isOnlyMemory);
        _begin = new Statement(connection, "BEGIN");
        _commit = new Statement(connection, "COMMIT");
        _get = new Statement(connection, "SELECT type, handle FROM objects WHERE replica = ? AND ino = ? AND gen = ?");
        _put = new Statement(connection, "INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?)");
        _remove = new Statement(connection, "DELETE FROM objects WHERE replica = ? AND ino = ? AND gen = ?");
        _getMeta = new Statement(connection, "SELECT value FROM meta WHERE key = ?");
        _setMeta = new Statement(connection, "INSERT OR REPLACE INTO meta VALUES (?, ?)");
    }

    private enum Meta : ulong
    {
        Version = 1,
        Self = 2,
        Log = 3,
        LogOffset = 4,
        JoinRoot = 5,
        Scan = 6,
        InUse = 7,
    }

    /// <summary>Whoever had it last was killed, or left changes uncommitted: the tree may hold more than it tells. Only where no log tells the rest.</summary>
    internal bool WasInterrupted { get; private set; }

    /// <summary>0: nothing has been read, or the index is not whole.</summary>
    public ulong LogOffset => GetNumber(Meta.LogOffset);

    /// <summary>The log that <see cref="LogOffset"/> is about.</summary>
    internal LogId Log
    {
        get
        {
            Span<byte> bytes = stackalloc byte[LogId.Size];
            return GetMeta(Meta.Log, bytes) == LogId.Size ? LogId.Read(bytes) : LogId.None;
        }
    }

    /// <param name="path">Of the database; it is made if it isn't there.</param>
    /// <param name="self">This replica.</param>
    /// <param name="isOnlyMemory">Nothing else tells what it holds (a plain directory): commits wait for the disk.</param>
    /// <param name="wasLost">There was none, or none that can be used.</param>
    internal static SqliteIndex Open(string path, ulong self, bool isOnlyMemory, out bool wasLost)
    {
        try
        {
            var index = Connect(path, isOnlyMemory);
            wasLost = index.GetNumber(Meta.Version) != IndexSchema.Version || index.GetNumber(Meta.Self) != self;
            if (!wasLost)
            {
                index.Take();
                return index;
            }

            index.Dispose();
        }
        catch (SqliteException e) when (e.SqliteErrorCode is SQLitePCL.raw.SQLITE_CORRUPT or SQLitePCL.raw.SQLITE_NOTADB)
        {
            wasLost = true;
        }

        return MakeAnew(path, self, isOnlyMemory);
    }

    internal bool TryGet(Fid fid, out ObjectHandle handle)
    {
        lock (_gate)
        {
            BindFid(_get, fid);
            var found = _get.Step();
            handle = found ? ObjectHandle.FromBytes((int)_get.Integer(0), _get.Blob(1)) : default;
            _get.Reset();
            return found;
        }
    }

    internal void Put(Fid fid, in ObjectHandle handle)
    {
        lock (_gate)
        {
            BeginLocked();
            BindFid(_put, fid).Bind(4, (ulong)handle.Type).Bind(5, handle.Bytes).Run();
        }
    }

    internal void Remove(Fid fid)
    {
        lock (_gate)
        {
            BeginLocked();
            BindFid(_remove, fid).Run();
        }
    }

    /// <summary>All objects are to be found again.</summary>
    internal void Clear()
    {
        lock (_gate)
        {
            BeginLocked();
            Execute("DELETE FROM objects");
        }
    }

    /// <summary>What changed since the last commit is as of this place in the log.</summary>
    internal void Commit(LogId log, ulong logOffset)
    {
        Span<byte> bytes = stackalloc byte[LogId.Size];
        log.Write(bytes);
        lock (_gate)
        {
            SetMetaLocked(Meta.Log, bytes);
            SetNumberLocked(Meta.LogOffset, logOffset);
            CommitLocked();
        }
    }

    /// <summary>For changes that are about no place in the log.</summary>
    internal void CommitKeepingPlace()
    {
        lock (_gate)
        {
            CommitLocked();
        }
    }

    public void MakeDurable()
    {
        lock (_gate)
        {
            CommitLocked();
            Execute("PRAGMA wal_checkpoint(FULL)");
        }
    }

    public void Dispose()
    {
        if (_isOnlyMemory && !_inTransaction)
        {
            GiveBack();
        }

        Close();
    }

    private void Close()
    {
        lock (_gate)
        {
            foreach (var statement in (ReadOnlySpan<Statement>)[_begin, _commit, _get, _put, _remove, _getMeta, _setMeta])
            {
                statement.Dispose();
            }

            _getJoined?.Dispose();
            _putJoined?.Dispose();

            _connection.Dispose();
        }
    }

    private static SqliteIndex Connect(string path, bool isOnlyMemory)
    {
        var options = new SqliteConnectionStringBuilder { DataSource = path, Pooling = false };
        var connection = new SqliteConnection(options.ConnectionString);
        try
        {
            connection.Open();
            // One process, one connection: without the lock WAL needs no shared memory file. NORMAL survives a power
            // cut as an older state, which is enough where the log tells the rest.
            Execute(connection, "PRAGMA locking_mode = EXCLUSIVE");
            Execute(connection, "PRAGMA journal_mode = WAL");
            Execute(connection, isOnlyMemory ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
            Execute(connection, "PRAGMA cache_size = -8192");
            Execute(connection, IndexSchema.Sql);
            return new SqliteIndex(connection, isOnlyMemory);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private static SqliteIndex MakeAnew(string path, ulong self, bool isOnlyMemory)
    {
        foreach (var suffix in (ReadOnlySpan<string>)["", "-wal", "-shm", "-journal"])
        {
            File.Delete(path + suffix);
        }

        var index = Connect(path, isOnlyMemory);
        lock (index._gate)
        {
            index.SetNumberLocked(Meta.Version, IndexSchema.Version);
            index.SetNumberLocked(Meta.Self, self);
            index.CommitLocked();
        }

        index.Take();
        return index;
    }

    /// <summary>From here on, until it is given back with nothing uncommitted, the tree may hold more.</summary>
    private void Take()
    {
        if (!_isOnlyMemory)
        {
            return;
        }

        WasInterrupted = GetNumber(Meta.InUse) != 0;
        try
        {
            SetInUse(true);
        }
        catch
        {
            Close();
            throw;
        }
    }

    /// <summary>Nothing is uncommitted: whoever opens it next need not look through the tree.</summary>
    private void GiveBack()
    {
        try
        {
            SetInUse(false);
        }
        catch (SqliteException)
        {
            // Without room for it, it stays in use, and is made anew from the tree.
        }
    }

    private void SetInUse(bool isInUse)
    {
        lock (_gate)
        {
            SetNumberLocked(Meta.InUse, isInUse ? 1ul : 0);
            CommitLocked();
        }
    }

    private static Statement BindFid(Statement statement, Fid fid) => statement.Bind(1, fid.Replica).Bind(2, fid.Ino).Bind(3, fid.Gen);

    private static Fid ReadFid(Statement statement) => new(statement.Integer(0), statement.Integer(1), (uint)statement.Integer(2));

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private void Execute(string sql) => Execute(_connection, sql);

    private void BeginLocked()
    {
        if (!_inTransaction)
        {
            _begin.Run();
            _inTransaction = true;
        }
    }

    private void CommitLocked()
    {
        if (_inTransaction)
        {
            _commit.Run();
            _inTransaction = false;
        }
    }

    private int GetMeta(Meta key, Span<byte> value)
    {
        lock (_gate)
        {
            _getMeta.Bind(1, (ulong)key);
            var found = _getMeta.Step();
            var blob = found ? _getMeta.Blob(0) : default;
            var fits = found && blob.Length <= value.Length;
            if (fits)
            {
                blob.CopyTo(value);
            }

            var length = fits ? blob.Length : 0;
            _getMeta.Reset();
            return length;
        }
    }

    private ulong GetNumber(Meta key)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        return GetMeta(key, bytes) == sizeof(ulong) ? BinaryPrimitives.ReadUInt64LittleEndian(bytes) : 0;
    }

    private void SetNumberLocked(Meta key, ulong value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        SetMetaLocked(key, bytes);
    }

    private void SetMetaLocked(Meta key, ReadOnlySpan<byte> value)
    {
        BeginLocked();
        _setMeta.Bind(1, (ulong)key).Bind(2, value).Run();
    }
}
