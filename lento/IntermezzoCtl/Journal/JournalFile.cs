// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using Microsoft.Win32.SafeHandles;

namespace InterMezzo.Ctl;

/// <summary>A journal file, read without the daemon, while the kernel may be writing it.</summary>
internal sealed class JournalFile : IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly FileSystemWatcher _watcher;
    private readonly SemaphoreSlim _grown = new(0, 1);
    private readonly byte[] _buffer = new byte[4 * KmlFormat.ChunkSize];

    /// <exception cref="KmlException">It isn't a journal.</exception>
    public JournalFile(string path)
    {
        _file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        try
        {
            var page = _buffer.AsSpan(0, KmlFormat.SuperSize);
            KmlSuper.Parse(page[..RandomAccess.Read(_file, page, 0)]);
            _watcher = new FileSystemWatcher(Path.GetDirectoryName(Path.GetFullPath(path))!, Path.GetFileName(path))
            {
                NotifyFilter = NotifyFilters.LastWrite | NotifyFilters.Size,
            };
            _watcher.Changed += (_, _) => Grown();
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    /// <summary>The first chunk that hasn't been trimmed; trimming leaves zeros.</summary>
    public ulong FindFirst()
    {
        var length = RandomAccess.GetLength(_file);
        for (long offset = KmlFormat.SuperSize; offset < length; offset = (offset / KmlFormat.ChunkSize + 1) * KmlFormat.ChunkSize)
        {
            var start = _buffer.AsSpan(0, sizeof(uint));
            if (RandomAccess.Read(_file, start, offset) == start.Length && start.ContainsAnyExcept((byte)0))
            {
                return (ulong)offset;
            }
        }

        return KmlFormat.SuperSize;
    }

    /// <summary>What stands there, to be used until the next call.</summary>
    public ReadOnlyMemory<byte> Read(ulong offset) => _buffer.AsMemory(0, RandomAccess.Read(_file, _buffer, checked((long)offset)));

    /// <summary>Returns when the file has changed since the last call, the first time at once.</summary>
    public async Task WaitForGrowthAsync(CancellationToken cancellationToken)
    {
        if (!_watcher.EnableRaisingEvents)
        {
            // What was written before is read once more.
            _watcher.EnableRaisingEvents = true;
            return;
        }

        await _grown.WaitAsync(cancellationToken);
    }

    public void Dispose()
    {
        _watcher.Dispose();
        _file.Dispose();
        _grown.Dispose();
    }

    private void Grown()
    {
        try
        {
            _grown.Release();
        }
        catch (SemaphoreFullException)
        {
            // It is known already.
        }
    }
}
