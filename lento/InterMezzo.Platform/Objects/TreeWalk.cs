// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform;

/// <summary>
/// Depth first, a directory before what is in it. Goes by open directories, so what is renamed above one meanwhile
/// doesn't lead the walk astray. In very deep trees the upper directories are closed and found again by identity.
/// </summary>
internal sealed class TreeWalk(ObjectTable objects, PrestoDevice? device)
{
    private const int MaxOpen = 128;

    private readonly List<Level> _levels = [];

    internal IEnumerable<WalkEntry> From(TreeObject top)
    {
        try
        {
            using (top)
            {
                yield return new WalkEntry(default, default, top);
                Descend(top);
            }

            while (_levels.Count > 0)
            {
                var level = _levels[^1];
                if (!Resume(level) || !level.Reader.Next(out var name))
                {
                    _levels.RemoveAt(_levels.Count - 1);
                    level.Reader.Dispose();
                    continue;
                }

                using var entry = Enter(level, name.Span);
                if (entry is not null)
                {
                    yield return new WalkEntry(level.Fid, name, entry);
                    Descend(entry);
                }
            }
        }
        finally
        {
            foreach (var level in _levels)
            {
                level.Reader.Dispose();
            }
        }
    }

    /// <summary>Null: it vanished, or is none of the fileset's.</summary>
    private TreeObject? Enter(Level level, ReadOnlySpan<byte> name)
    {
        if (objects.Root.IsControl(level.Fid, name))
        {
            return null;
        }

        var fd = objects.Look(level.Reader.Fd!, name, out var fid);
        if (fd is null)
        {
            return null;
        }

        SysException.Check(Interop.Sys.StatX(fd, out var stat), "statx", "an object");
        if (!objects.Root.IsForeign(level.Fid, name, stat))
        {
            return new TreeObject(fd, fid, stat, device);
        }

        fd.Dispose();
        return null;
    }

    private void Descend(TreeObject entry)
    {
        if (entry.Type != FileType.Directory)
        {
            return;
        }

        _levels.Add(new Level(entry.Fid, new DirectoryReader(Reopen.ForReading(entry.Fd, FileType.Directory))));
        if (_levels.Count > MaxOpen)
        {
            _levels[^(MaxOpen + 1)].Reader.Suspend();
        }
    }

    /// <summary>False: the directory is gone.</summary>
    private bool Resume(Level level)
    {
        if (level.Reader.Fd is not null)
        {
            return true;
        }

        using var fd = objects.Find(level.Fid, out _);
        if (fd is null)
        {
            return false;
        }

        level.Reader.Resume(Reopen.ForReading(fd, FileType.Directory));
        return true;
    }

    private sealed record Level(Fid Fid, DirectoryReader Reader);
}
