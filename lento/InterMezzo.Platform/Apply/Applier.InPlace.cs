// SPDX-License-Identifier: GPL-2.0-or-later
using System.Buffers.Binary;
using System.Text;
using InterMezzo.Journal;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform;

/// <summary>
/// Content that can't come by a rename, because the object has several names or none that is known, or a program that
/// waits for the write permit has it open. It is durable in staging/redo before the object is touched, and stays there
/// until the object is durable: what a crash cuts short is written again at start.
/// </summary>
internal sealed partial class Applier
{
    private readonly List<byte[]> _redoneNames = [];

    internal static ReadOnlySpan<byte> TargetName => "trusted.intermezzo.redo\0"u8;

    /// <summary>Objects whose content was being written in place when this program stopped.</summary>
    internal List<RedoName> ListInterrupted()
    {
        using var reader = new DirectoryReader(Reopen.ForReading(_root.Redo, FileType.Directory));
        var all = new List<RedoName>();
        while (reader.Next(out var name))
        {
            if (RedoName.TryParse(name.Span, out var redo))
            {
                all.Add(redo);
            }
        }

        return all;
    }

    /// <summary>Writes it again, unless it was whole already or is out of date.</summary>
    /// <param name="redo">The content.</param>
    /// <param name="isSettled">It was whole, or a program has changed the object since.</param>
    /// <param name="seen">The log says so below this offset; what a program does to it by now stays, too.</param>
    internal void FinishInterrupted(RedoName redo, bool isSettled, ulong seen)
    {
        var name = redo.ToBytes();
        using var source = new Fd(SysException.Check(
            Interop.Sys.OpenAt(_root.Redo, name, OpenFlags.ReadOnly | OpenFlags.NoFollow), "open", redo.Object.ToString()));
        using var known = isSettled ? null : FindTarget(redo.Object, source);
        if (known is not null)
        {
            var state = ObjectReader.Read(source);
            CopyInto(new Origin(redo.Dot, redo.Source) { Peer = redo.Peer, Seen = seen }, redo.Object, known, source, state);
        }

        _redoneNames.Add(name);
    }

    private ApplyOutcome WriteInPlace(Origin origin, Fid fid, Fd known, ObjectState state, Content content)
    {
        using var made = _maker.Make(default, state, content);
        var name = new RedoName(fid, origin.Dot, origin.Source, origin.Peer).ToBytes();
        NoteTarget(known, made.Fd);
        SysException.Check(Interop.Sys.FSync(made.Fd), "fsync", fid.ToString());
        SysException.Check(Interop.Sys.RenameAt2(made.Directory, made.Name, _root.Redo, name, 0), "renameat2", fid.ToString());
        SysException.Check(Interop.Sys.FSync(_root.Redo), "fsync", "staging/redo");
        var outcome = CopyInto(origin, fid, known, made.Fd, state);
        if (outcome.IsDone)
        {
            _redoneNames.Add(name);
        }
        else
        {
            _ = made.Staged is null
                ? Interop.Sys.UnlinkAt(_root.Redo, name, 0)
                : Interop.Sys.RenameAt2(_root.Redo, name, made.Directory, made.Name, 0);
            made.Staged?.Restore();
        }

        return outcome;
    }

    /// <summary>The object may be newer than the last flush: then the index doesn't know it after a crash.</summary>
    private static void NoteTarget(Fd known, Fd redo)
    {
        var handle = LocalFid.HandleOf(known);
        Span<byte> note = stackalloc byte[sizeof(int) + ObjectHandle.MaxBytes];
        BinaryPrimitives.WriteInt32LittleEndian(note, handle.Type);
        handle.Bytes.CopyTo(note[sizeof(int)..]);
        SysException.Check(Interop.Sys.FSetXattr(redo, TargetName, note[..(sizeof(int) + (int)handle.Length)]), "setxattr", "staging/redo");
    }

    private Fd? FindTarget(Fid fid, Fd redo)
    {
        Span<byte> note = stackalloc byte[sizeof(int) + ObjectHandle.MaxBytes];
        var length = Interop.Sys.FGetXattr(redo, TargetName, note);
        if (length <= sizeof(int))
        {
            return _objects.Find(fid, out _);
        }

        var handle = ObjectHandle.FromBytes(BinaryPrimitives.ReadInt32LittleEndian(note), note[sizeof(int)..length]);
        var target = _objects.OpenLive(handle, out _);
        if (target is not null && _objects.Identify(target) == fid)
        {
            return target;
        }

        target?.Dispose();
        return null;
    }

    private ApplyOutcome CopyInto(Origin origin, Fid fid, Fd known, Fd source, ObjectState state)
    {
        _context.Set(origin.AsPart);
        using (var target = Reopen.TryForWriting(known))
        {
            if (target is null)
            {
                return new ApplyOutcome(ApplyStatus.Busy, fid);
            }

            try
            {
                SparseCopy.Copy(source, target);
            }
            catch (SysException exception) when (exception.Error is Errno.EAGAIN or Errno.EBUSY)
            {
                // Of the first write, before anything has changed; or a program has begun to write to it.
                return new ApplyOutcome(ApplyStatus.Changed, fid);
            }
        }

        SysException.Check(Interop.Sys.StatX(known, out var stat), "statx", fid.ToString());
        if (stat.Links == 0)
        {
            // It has lost its last name meanwhile: nobody would have what was written.
            return new ApplyOutcome(ApplyStatus.Changed, fid);
        }

        return SetState(origin, fid, known, stat, state.Attr with { Valid = state.Attr.Valid & ~(AttrValid.AccessTime | AttrValid.Size) }, state.Xattrs);
    }

    /// <summary>What was written in place is durable.</summary>
    private void DropRedone()
    {
        foreach (var name in _redoneNames)
        {
            var result = Interop.Sys.UnlinkAt(_root.Redo, name, 0);
            if (result != -Errno.ENOENT)
            {
                SysException.Check(result, "unlinkat", Encoding.ASCII.GetString(name));
            }
        }

        _redoneNames.Clear();
    }
}
