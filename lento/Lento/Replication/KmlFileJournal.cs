// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;
using InterMezzo.Journal;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;
using Microsoft.Win32.SafeHandles;

namespace InterMezzo.Lento.Replication;

/// <summary>
/// A log that somebody else writes to a file while it is read here: whole
/// records as they appear, woken by inotify. Read-only; it stands on the same
/// file system as the tree that it tells of, so that one sync covers both.
/// </summary>
internal sealed partial class KmlFileJournal : IJournal, IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly FileSystemWatcher _watcher;
    private readonly LogId _log;
    private readonly Signal _grown = new();
    private readonly Lock _gate = new();

    // guarded by _gate: records end here, as far as has been looked
    private ulong _end = KmlFormat.SuperSize;
    private readonly byte[] _look = new byte[KmlFormat.ChunkSize];

    public KmlFileJournal(string path)
    {
        _file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        try
        {
            var page = new byte[KmlFormat.SuperSize];
            RandomAccess.Read(_file, page, 0);
            _log = LogId.Read(KmlSuper.Parse(page).LogId.ToByteArray(bigEndian: true));
            _watcher = new FileSystemWatcher(Path.GetDirectoryName(Path.GetFullPath(path))!, Path.GetFileName(path))
            {
                NotifyFilter = NotifyFilters.LastWrite | NotifyFilters.Size,
                EnableRaisingEvents = true,
            };
            _watcher.Changed += (_, _) => _grown.Pulse();
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    public JournalInfo Info
    {
        get
        {
            var end = Look();
            return new JournalInfo(_log, KmlFormat.SuperSize, end, end, 0, Exact: true, MountFlags.None);
        }
    }

    public int Read(ulong offset, Span<byte> buffer)
    {
        var end = Look();
        if (offset < KmlFormat.SuperSize || offset > end)
        {
            throw new JournalException(JournalFault.Damaged, offset, $"no record starts at {offset}");
        }

        var count = RandomAccess.Read(_file, buffer[..(int)Math.Min((ulong)buffer.Length, end - offset)], (long)offset);
        var whole = 0;
        while (whole < count && RecordView.TryParse(buffer[whole..count], out var record) == ParseStatus.Ok)
        {
            whole += record.Length;
        }

        return whole > 0 || count == 0 ? whole
            : throw new JournalException(JournalFault.Damaged, offset, $"the record at {offset} is damaged");
    }

    public async ValueTask<ulong> WaitBeyondAsync(ulong offset, CancellationToken cancellationToken)
    {
        await _grown.WaitUntilAsync(() => Look() > offset, cancellationToken);
        return Look();
    }

    public async ValueTask<uint> WaitReleasedAsync(uint seen, CancellationToken cancellationToken)
    {
        // Nothing is applied here, so nobody is waited for.
        await Task.Delay(Timeout.Infinite, cancellationToken);
        return seen;
    }

    public ulong Sync(ulong below)
    {
        var end = Look();
        if (SyncFs(_file) != 0)
        {
            throw new IOException($"syncfs: {Marshal.GetLastPInvokeErrorMessage()}");
        }

        return end;
    }

    public bool TakesMarks => false;

    public void Mark(ReadOnlySpan<byte> payload, ulong taken = 0) => throw new NotSupportedException("a log that somebody else writes takes no marks");

    /// <summary>The log belongs to its writer.</summary>
    public void Trim(ulong offset)
    {
    }

    public void Dispose()
    {
        _watcher.Dispose();
        _file.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "syncfs", SetLastError = true)]
    private static partial int SyncFs(SafeFileHandle file);

    /// <summary>Where whole records end by now.</summary>
    private ulong Look()
    {
        lock (_gate)
        {
            while (RandomAccess.Read(_file, _look, (long)_end) is > 0 and var count)
            {
                var at = 0;
                while (RecordView.TryParse(_look.AsSpan(at, count - at), out var record) == ParseStatus.Ok)
                {
                    at += record.Length;
                }

                if (at == 0)
                {
                    break;
                }

                _end += (ulong)at;
            }

            return _end;
        }
    }
}
