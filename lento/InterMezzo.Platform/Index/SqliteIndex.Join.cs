// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;

namespace InterMezzo.Platform;

/// <summary>
/// What a join has placed so far. Apart from the objects of the live tree: until the join is complete, both may hold
/// copies of the same object.
/// </summary>
internal sealed partial class SqliteIndex
{
    private Statement? _getJoined;
    private Statement? _putJoined;

    /// <summary>None: no join is under way.</summary>
    internal Fid JoinRoot
    {
        get
        {
            Span<byte> bytes = stackalloc byte[KmlFormat.FidSize];
            return GetMeta(Meta.JoinRoot, bytes) == KmlFormat.FidSize ? Fid.Read(bytes) : default;
        }
    }

    internal void BeginJoin(Fid root)
    {
        Span<byte> bytes = stackalloc byte[KmlFormat.FidSize];
        root.Write(bytes);
        lock (_gate)
        {
            SetMetaLocked(Meta.JoinRoot, bytes);
            Execute("DELETE FROM joined; DELETE FROM joined_names; DELETE FROM joined_flags");
        }
    }

    internal bool TryGetJoined(Fid fid, out JoinedObject joined)
    {
        lock (_gate)
        {
            var get = _getJoined ??= new Statement(_connection, "SELECT type, handle, complete, attr FROM joined WHERE replica = ? AND ino = ? AND gen = ?");
            BindFid(get, fid);
            var found = get.Step();
            joined = found
                ? new JoinedObject(ObjectHandle.FromBytes((int)get.Integer(0), get.Blob(1)), get.Integer(2) != 0, KmlAttr.Read(get.Blob(3)))
                : default;
            get.Reset();
            return found;
        }
    }

    internal void PutJoined(Fid fid, in JoinedObject joined)
    {
        Span<byte> attr = stackalloc byte[KmlFormat.AttrSize];
        joined.Attr.Write(attr);
        lock (_gate)
        {
            BeginLocked();
            var put = _putJoined ??= new Statement(_connection, "INSERT OR REPLACE INTO joined VALUES (?, ?, ?, ?, ?, ?, ?)");
            BindFid(put, fid).Bind(4, (ulong)joined.Handle.Type).Bind(5, joined.Handle.Bytes).Bind(6, joined.IsComplete ? 1ul : 0).Bind(7, attr).Run();
        }
    }

    internal void RemoveJoined(Fid fid)
    {
        lock (_gate)
        {
            BeginLocked();
            using var remove = new Statement(_connection, "DELETE FROM joined WHERE replica = ? AND ino = ? AND gen = ?");
            BindFid(remove, fid).Run();
        }
    }

    /// <summary>Every object placed.</summary>
    internal void ForEachJoined(Action<Fid, JoinedObject> action)
    {
        lock (_gate)
        {
            using var select = new Statement(_connection, "SELECT replica, ino, gen, type, handle, complete, attr FROM joined");
            while (select.Step())
            {
                var handle = ObjectHandle.FromBytes((int)select.Integer(3), select.Blob(4));
                action(ReadFid(select), new JoinedObject(handle, select.Integer(5) != 0, KmlAttr.Read(select.Blob(6))));
            }
        }
    }

    /// <summary>The snapshot met under this name: what a resumed join finds under others is out of date.</summary>
    internal void PutJoinedName(Fid parent, ReadOnlySpan<byte> name)
    {
        lock (_gate)
        {
            BeginLocked();
            using var put = new Statement(_connection, "INSERT OR REPLACE INTO joined_names VALUES (?, ?, ?, ?)");
            BindFid(put, parent).Bind(4, name).Run();
        }
    }

    internal bool HasJoinedName(Fid parent, ReadOnlySpan<byte> name)
    {
        lock (_gate)
        {
            using var get = new Statement(_connection, "SELECT 1 FROM joined_names WHERE replica = ? AND ino = ? AND gen = ? AND name = ?");
            return BindFid(get, parent).Bind(4, name).Step();
        }
    }

    /// <summary>A resumed join meets them all again.</summary>
    internal void ForgetJoinedNames()
    {
        lock (_gate)
        {
            BeginLocked();
            Execute("DELETE FROM joined_names; DELETE FROM joined_flags");
        }
    }

    /// <summary>An immutable or append-only object: it becomes so when all is in its place.</summary>
    internal void PutJoinedFlags(Fid fid, ReadOnlySpan<byte> value)
    {
        lock (_gate)
        {
            BeginLocked();
            using var put = new Statement(_connection, "INSERT OR REPLACE INTO joined_flags VALUES (?, ?, ?, ?)");
            BindFid(put, fid).Bind(4, value).Run();
        }
    }

    internal void ForEachJoinedFlags(Action<Fid, byte[]> action)
    {
        lock (_gate)
        {
            using var select = new Statement(_connection, "SELECT replica, ino, gen, value FROM joined_flags");
            while (select.Step())
            {
                action(ReadFid(select), select.Blob(3).ToArray());
            }
        }
    }

    /// <summary>The join can't be resumed any more.</summary>
    internal void MarkJoinEnding()
    {
        lock (_gate)
        {
            SetMetaLocked(Meta.JoinRoot, [0]);
            CommitLocked();
        }
    }

    /// <summary>What was placed is the tree now.</summary>
    internal void EndJoin()
    {
        lock (_gate)
        {
            BeginLocked();
            Execute("INSERT OR REPLACE INTO objects SELECT replica, ino, gen, type, handle FROM joined; DELETE FROM joined; DELETE FROM joined_names");
        }
    }
}

/// <param name="Handle">Its inode here.</param>
/// <param name="IsComplete">Its content is.</param>
/// <param name="Attr">As the server described it.</param>
internal readonly record struct JoinedObject(ObjectHandle Handle, bool IsComplete, KmlAttr Attr);
