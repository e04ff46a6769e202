// SPDX-License-Identifier: GPL-2.0-or-later
using System.Collections.Immutable;
using System.Text;
using InterMezzo.Journal;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;
using InterMezzo.Simulation.Syscalls;

namespace InterMezzo.Platform;

/// <summary>The index, with the members and the transactions of the real one, over a database that is simulated.</summary>
internal sealed class SqliteIndex : IIndex, IDisposable
{
    private readonly IndexFile _file;
    private IndexState _state;

    private SqliteIndex(IndexFile file) => (_file, _state) = (file, file.Last);

    public ulong LogOffset => _state.LogOffset;

    internal LogId Log => _state.Log;

    internal Fid JoinRoot => _state.JoinRoot;

    internal static SqliteIndex Open(string path, ulong self, bool isOnlyMemory, out bool wasLost)
    {
        _ = (path, isOnlyMemory);
        var file = Process.Enter().Machine.Index;
        wasLost = file.Last.Self != self;
        if (wasLost)
        {
            file.Commit(IndexState.Empty with { Self = self });
        }

        return new SqliteIndex(file);
    }

    internal bool TryGet(Fid fid, out ObjectHandle handle) => _state.Objects.TryGetValue(fid, out handle);

    internal void Put(Fid fid, in ObjectHandle handle) => _state = _state with { Objects = _state.Objects.SetItem(fid, handle) };

    internal void Remove(Fid fid) => _state = _state with { Objects = _state.Objects.Remove(fid) };

    internal void Clear() => _state = _state with { Objects = ImmutableDictionary<Fid, ObjectHandle>.Empty };

    internal void Commit(LogId log, ulong logOffset)
    {
        _state = _state with { Log = log, LogOffset = logOffset };
        CommitKeepingPlace();
    }

    internal void CommitKeepingPlace()
    {
        _ = Process.Enter();
        _file.Commit(_state);
    }

    public void MakeDurable()
    {
        CommitKeepingPlace();
        _file.Sync();
    }

    /// <summary>Uncommitted changes are lost.</summary>
    public void Dispose()
    {
    }

    public IReadOnlyList<(ulong Peer, byte[] Payload)> LoadProgress() => [.. _state.Progress.Select(progress => (progress.Key, progress.Value))];

    public void SaveProgress(ulong peer, ReadOnlySpan<byte> payload) => _state = _state with { Progress = _state.Progress.SetItem(peer, payload.ToArray()) };

    public byte[] LoadScan() => _state.Scan;

    public void SaveScan(ReadOnlySpan<byte> payload) => _state = _state with { Scan = payload.ToArray() };

    internal void BeginJoin(Fid root) => _state = _state with
    {
        JoinRoot = root,
        Joined = ImmutableDictionary<Fid, JoinedObject>.Empty,
        JoinedNames = [],
        JoinedFlags = ImmutableDictionary<Fid, byte[]>.Empty,
    };

    internal bool TryGetJoined(Fid fid, out JoinedObject joined) => _state.Joined.TryGetValue(fid, out joined);

    internal void PutJoined(Fid fid, in JoinedObject joined) => _state = _state with { Joined = _state.Joined.SetItem(fid, joined) };

    internal void RemoveJoined(Fid fid) => _state = _state with { Joined = _state.Joined.Remove(fid) };

    internal void ForEachJoined(Action<Fid, JoinedObject> action)
    {
        foreach (var (fid, joined) in _state.Joined)
        {
            action(fid, joined);
        }
    }

    internal void PutJoinedName(Fid parent, ReadOnlySpan<byte> name) => _state = _state with { JoinedNames = _state.JoinedNames.Add((parent, Encoding.Latin1.GetString(name))) };

    internal bool HasJoinedName(Fid parent, ReadOnlySpan<byte> name) => _state.JoinedNames.Contains((parent, Encoding.Latin1.GetString(name)));

    internal void ForgetJoinedNames() => _state = _state with { JoinedNames = [], JoinedFlags = ImmutableDictionary<Fid, byte[]>.Empty };

    internal void PutJoinedFlags(Fid fid, ReadOnlySpan<byte> value) => _state = _state with { JoinedFlags = _state.JoinedFlags.SetItem(fid, value.ToArray()) };

    internal void ForEachJoinedFlags(Action<Fid, byte[]> action)
    {
        foreach (var (fid, flags) in _state.JoinedFlags)
        {
            action(fid, flags);
        }
    }

    internal void MarkJoinEnding()
    {
        _state = _state with { JoinRoot = default };
        CommitKeepingPlace();
    }

    internal void EndJoin() => _state = _state with
    {
        Objects = _state.Objects.SetItems(_state.Joined.Select(joined => KeyValuePair.Create(joined.Key, joined.Value.Handle))),
        Joined = ImmutableDictionary<Fid, JoinedObject>.Empty,
        JoinedNames = [],
    };
}
