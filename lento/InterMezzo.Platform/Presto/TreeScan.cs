// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform;

/// <summary>
/// Two rounds. First the tree is walked, parents before children, and each name of a suspicious object is told as if it
/// had entered: then everything that is there is where it belongs. Then suspicious directories are listed: what they
/// don't name is gone.
/// </summary>
internal sealed class TreeScan(ObjectTable objects, PrestoDevice device, PrestoContext context, IJournal journal) : ITreeScan
{
    /// <summary>A directory that changes all the time is listed in a moment when it doesn't.</summary>
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(20);

    public void Run(Suspicion suspicion, ScanProgress progress, CancellationToken cancellationToken)
    {
        var linked = new HashSet<Fid>();
        var directories = new HashSet<Fid>();
        context.Set(default);
        foreach (var ((ino, gen), fid) in suspicion.Entered)
        {
            Recognise(ObjectHandle.FromInode(ino, gen), fid);
        }

        var began = context.Head();
        var top = new TreeObject(objects.Find(objects.Root.Fid, out var stat)!, objects.Root.Fid, stat, device);
        foreach (var entry in new TreeWalk(objects, device).From(top))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var found = (TreeObject)entry.Object;
            progress.Look();
            if (found.Type == FileType.Directory && suspicion.IsDirectory(found.Ino, found.ChangeTime))
            {
                directories.Add(found.Fid);
            }

            if (!entry.Name.IsEmpty && suspicion.IsObject(found.Ino, found.ChangeTime))
            {
                Tell(entry.Parent, entry.Name.Span, found, linked, progress);
            }
        }

        TellMoved(began, suspicion, linked, progress);
        foreach (var directory in directories)
        {
            List(directory, cancellationToken);
            progress.List();
        }
    }

    /// <summary>An object that has lost its identity would be told of as a new one.</summary>
    private void Recognise(in ObjectHandle handle, Fid fid)
    {
        using var found = objects.OpenLive(handle, out var stat);
        if (found is null || FidXattr.TryRead(found, out _))
        {
            return;
        }

        using var known = objects.Find(fid, out var other);
        if (known is null || other.Ino == stat.Ino)
        {
            FidXattr.Write(found, fid);
            objects.Learn(fid, found);
        }
    }

    private void Tell(Fid parent, ReadOnlySpan<byte> name, TreeObject found, HashSet<Fid> linked, ScanProgress progress)
    {
        using var directory = objects.Find(parent, out _);
        if (directory is null)
        {
            return;
        }

        if (found.Fid.Replica != objects.Root.Self)
        {
            objects.Learn(found.Fid, found.Fd);
        }

        var hasNames = found.Type != FileType.Directory && found.Links > 1;
        if (device.Tell(directory, name, hasNames && linked.Contains(found.Fid) ? Op.Link : Op.Enter, afterStop: true))
        {
            progress.Tell();
            if (hasNames && IsStillAt(directory, name, found.Fid))
            {
                linked.Add(found.Fid);
            }
        }
    }

    /// <summary>If another object has the name by now, it may be the one that was told of.</summary>
    private bool IsStillAt(Fd directory, ReadOnlySpan<byte> name, Fid fid)
    {
        using var there = objects.Look(directory, name, out var found);
        return found == fid;
    }

    /// <summary>What got a name while the tree was walked left a directory before it was read, perhaps, for one that had been.</summary>
    private void TellMoved(ulong began, Suspicion suspicion, HashSet<Fid> linked, ScanProgress progress)
    {
        foreach (var (_, bytes) in LogScan.Records(journal, began, journal.Info.Watermark))
        {
            var record = RecordView.Parse(bytes.Span);
            if (record.Op is not (Op.Rename or Op.Link) || !RecordFacts.IsUpdate(record))
            {
                continue;
            }

            var parent = record.TryGetParent2(out var second) ? second.Fid.Canonical(objects.Root.Self) : RecordFacts.Parent(record, objects.Root.Self);
            TellAgain(parent, record.Op == Op.Rename ? record.Name2 : record.Name, suspicion, linked, progress);
        }
    }

    private void TellAgain(Fid parent, ReadOnlySpan<byte> name, Suspicion suspicion, HashSet<Fid> linked, ScanProgress progress)
    {
        using var directory = objects.Find(parent, out _);
        var fid = default(Fid);
        var fd = directory is null ? null : objects.Look(directory, name, out fid);
        if (fd is null)
        {
            return;
        }

        SysException.Check(Interop.Sys.StatX(fd, out var stat), "statx", fid.ToString());
        foreach (var entry in new TreeWalk(objects, device).From(new TreeObject(fd, fid, stat, device)))
        {
            var found = (TreeObject)entry.Object;
            if (suspicion.IsObject(found.Ino, found.ChangeTime))
            {
                Tell(entry.Name.IsEmpty ? parent : entry.Parent, entry.Name.IsEmpty ? name : entry.Name.Span, found, linked, progress);
            }
        }
    }

    /// <summary>Lists a directory anew until it hasn't changed meanwhile; a part of it that was told stays told.</summary>
    private void List(Fid fid, CancellationToken cancellationToken)
    {
        while (objects.Find(fid, out _) is { } directory)
        {
            using (directory)
            {
                if (TryList(fid, directory))
                {
                    return;
                }
            }

            cancellationToken.WaitHandle.WaitOne(s_pause);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private bool TryList(Fid fid, Fd directory)
    {
        var seen = context.Head();
        var names = new NameListWriter();
        using var reader = new DirectoryReader(Reopen.ForReading(directory, FileType.Directory));
        while (reader.Next(out var name))
        {
            if (!objects.Root.IsControl(fid, name.Span))
            {
                names.Add(name.Span);
            }
        }

        foreach (var payload in names.Payloads())
        {
            if (!device.TellList(directory, payload, seen))
            {
                return false;
            }
        }

        return true;
    }
}
