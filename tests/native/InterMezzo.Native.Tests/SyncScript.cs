// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;
using System.Text;
using InterMezzo.Journal;

namespace InterMezzo.Native.Tests;

/// <summary>
/// Changes a directory and writes the log of it, as the kernel module would: a twin of a journaled mount for tests
/// that run without the module. One thread.
/// </summary>
internal sealed partial class SyncScript : IDisposable
{
    private readonly FileStream _log;
    private readonly byte[] _buffer = new byte[KmlFormat.RecordMax];
    private ulong _recno;
    private ulong _counter;

    public SyncScript(string directory, string log, string fileset = "home")
    {
        Directory = directory;
        System.IO.Directory.CreateDirectory(directory);
        _log = new FileStream(log, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        var page = new byte[KmlFormat.SuperSize];
        new KmlSuper(Guid.NewGuid(), Encoding.UTF8.GetBytes(fileset)).Write(page);
        _log.Write(page);
    }

    public string Directory { get; }

    /// <summary>Updates written so far.</summary>
    public ulong Updates => _counter;

    public void Create(string path, ReadOnlySpan<byte> content = default)
    {
        File.WriteAllBytes(At(path), []);
        Made(Op.Create, path);
        if (!content.IsEmpty)
        {
            Write(path, content);
        }
    }

    public void Write(string path, ReadOnlySpan<byte> content)
    {
        Open(path);
        File.WriteAllBytes(At(path), content.ToArray());
        Close(path);
    }

    /// <summary>A writer begins to change the content.</summary>
    public void Open(string path) => Append(Op.Dirty, isUpdate: false, (ref RecordWriter record) => record.Add(FieldType.Object, ObjectAt(path)));

    public void Close(string path) => Append(Op.Close, isUpdate: true, (ref RecordWriter record) =>
    {
        record.Add(FieldType.Object, ObjectAt(path));
        record.Add(FieldType.Attr, AttrAt(path));
    });

    /// <summary>A content with holes: segments at their offsets, and a size.</summary>
    public void WriteSparse(string path, long size, params (long Offset, byte[] Data)[] segments)
    {
        Open(path);
        using (var file = new FileStream(At(path), FileMode.Open, FileAccess.Write))
        {
            file.SetLength(size);
            foreach (var (offset, data) in segments)
            {
                file.Position = offset;
                file.Write(data);
            }
        }

        Close(path);
    }

    public void Mkdir(string path)
    {
        System.IO.Directory.CreateDirectory(At(path));
        Made(Op.Mkdir, path);
    }

    public void Symlink(string path, string target)
    {
        File.CreateSymbolicLink(At(path), target);
        Made(Op.Symlink, path, (ref RecordWriter record) => record.Add(FieldType.Target, Encoding.UTF8.GetBytes(target)));
    }

    public void Link(string existing, string path)
    {
        var before = AttrAt(existing);
        Check(HardLink(At(existing), At(path)));
        Append(Op.Link, isUpdate: true, (ref RecordWriter record) =>
        {
            record.Add(FieldType.Object, ObjectAt(existing));
            AddName(ref record, path);
            record.Add(FieldType.AttrBefore, before);
            record.Result = LeftOn(path);
        });
    }

    public void Unlink(string path) => Remove(Op.Unlink, path, () => File.Delete(At(path)));

    public void Rmdir(string path) => Remove(Op.Rmdir, path, () => System.IO.Directory.Delete(At(path)));

    public void Rename(string from, string to)
    {
        var moved = ObjectAt(from);
        KmlObject? replaced = Exists(to) ? ObjectAt(to) : null;
        Check(RenamePath(At(from), At(to)));

        // A record has one time for both directories; kernels with fine-grained times give them two.
        var now = DateTime.UtcNow;
        System.IO.Directory.SetLastWriteTimeUtc(At(ParentOf(from)), now);
        System.IO.Directory.SetLastWriteTimeUtc(At(ParentOf(to)), now);
        Append(Op.Rename, isUpdate: true, (ref RecordWriter record) =>
        {
            record.Add(FieldType.Object, moved);
            AddName(ref record, from);
            record.Add(FieldType.Parent2, ObjectAt(ParentOf(to)));
            record.Add(FieldType.Name2, NameOf(to));
            if (replaced is { } gone)
            {
                record.Add(FieldType.Replaced, gone);
            }

            record.Result = LeftOn(to);
        });
    }

    public void Chmod(string path, uint mode)
    {
        Check(ChangeMode(At(path), mode));
        SetAttr(path, AttrValid.Mode);
    }

    public void Touch(string path, DateTime mtime)
    {
        File.SetLastWriteTimeUtc(At(path), mtime);
        SetAttr(path, AttrValid.ModifyTime);
    }

    public void Truncate(string path, long size)
    {
        using (var file = new FileStream(At(path), FileMode.Open, FileAccess.Write))
        {
            file.SetLength(size);
        }

        SetAttr(path, AttrValid.Size | AttrValid.ModifyTime);
    }

    /// <summary>A change that the log never hears of.</summary>
    public void Unrecorded(Action<Func<string, string>> change) => change(At);

    /// <summary>A scan found this name in the tree.</summary>
    public void Found(string path) => Append(
        Op.Enter,
        isUpdate: true,
        (ref RecordWriter record) =>
        {
            record.Add(FieldType.Object, ObjectAt(path));
            AddName(ref record, path);
            record.Add(FieldType.Attr, AttrAt(path));
            record.Result = LeftOn(path);
        },
        RecordFlags.Recovered | (System.IO.Directory.Exists(At(path)) ? RecordFlags.Directory : 0));

    /// <summary>It found another name of an object that it has told of.</summary>
    public void FoundLink(string path) => Append(
        Op.Link,
        isUpdate: true,
        (ref RecordWriter record) =>
        {
            record.Add(FieldType.Object, ObjectAt(path));
            AddName(ref record, path);
            record.Add(FieldType.AttrBefore, AttrAt(path));
            record.Result = LeftOn(path);
        },
        RecordFlags.Recovered);

    /// <summary>It told which names a directory has.</summary>
    public void List(string path)
    {
        var names = new NameListWriter();
        foreach (var entry in System.IO.Directory.EnumerateFileSystemEntries(At(path)))
        {
            names.Add(NameOf(entry));
        }

        foreach (var payload in names.Payloads())
        {
            Append(
                Op.List,
                isUpdate: true,
                (ref RecordWriter record) =>
                {
                    record.Add(FieldType.Object, ObjectAt(path));
                    record.Add(FieldType.Attr, AttrAt(path));
                    record.Add(FieldType.Payload, payload);
                },
                RecordFlags.Recovered);
        }
    }

    public void Dispose() => _log.Dispose();

    private delegate void Fill(ref RecordWriter record);

    private string At(string path) => Path.Combine(Directory, path);

    private bool Exists(string path) => File.Exists(At(path)) || System.IO.Directory.Exists(At(path));

    private static string ParentOf(string path) => Path.GetDirectoryName(path) ?? "";

    private static byte[] NameOf(string path) => Encoding.UTF8.GetBytes(Path.GetFileName(path));

    private void AddName(ref RecordWriter record, string path)
    {
        record.Add(FieldType.Parent, ObjectAt(ParentOf(path)));
        record.Add(FieldType.Name, NameOf(path));
    }

    private void Made(Op op, string path, Fill? more = null)
    {
        var made = ObjectAt(path);
        var attr = AttrAt(path);
        var parent = AttrAt(ParentOf(path));
        Append(op, isUpdate: true, (ref RecordWriter record) =>
        {
            AddName(ref record, path);
            record.Add(FieldType.Attr, attr);
            more?.Invoke(ref record);
            record.Result = new KmlResult(
                KmlFormat.Done, made.Ino, made.Gen, attr.Mode, attr.Uid, attr.Gid, parent.ModifyTime, ResultFlags.Time);
        });
    }

    private void Remove(Op op, string path, Action remove)
    {
        var gone = ObjectAt(path);
        var before = AttrAt(path);
        remove();
        Append(op, isUpdate: true, (ref RecordWriter record) =>
        {
            record.Add(FieldType.Object, gone);
            AddName(ref record, path);
            record.Add(FieldType.AttrBefore, before);
            record.Result = LeftOn(path);
        });
    }

    /// <summary>What an operation left on the directory of a name.</summary>
    private KmlResult LeftOn(string path) =>
        new(KmlFormat.Done, 0, 0, 0, 0, 0, AttrAt(ParentOf(path)).ModifyTime, ResultFlags.Time);

    private void SetAttr(string path, AttrValid what) => Append(Op.SetAttr, isUpdate: true, (ref RecordWriter record) =>
    {
        record.Add(FieldType.Object, ObjectAt(path));
        record.Add(FieldType.Attr, AttrAt(path) with { Valid = what });
    });

    /// <summary>Appends whole records only; a chunk's rest that is too short is padded.</summary>
    private void Append(Op op, bool isUpdate, Fill fill, RecordFlags flags = RecordFlags.None)
    {
        var now = DateTimeOffset.UtcNow;
        var record = new RecordWriter(_buffer, op)
        {
            Flags = flags,
            Recno = ++_recno,
            Dot = new Dot(0, isUpdate ? ++_counter : 0),
            Local = _counter,
            Time = new KmlTime(now.ToUnixTimeSeconds(), (uint)(now.Ticks % TimeSpan.TicksPerSecond * 100)),
        };
        fill(ref record);
        var bytes = record.Finish();
        var left = KmlFormat.ChunkSize - (int)(_log.Position % KmlFormat.ChunkSize);
        if (bytes.Length > left)
        {
            var pad = new byte[left];
            RecordWriter.WritePad(pad);
            _log.Write(pad);
        }

        _log.Write(bytes);
    }

    private KmlObject ObjectAt(string path)
    {
        var handle = new FileHandle { Bytes = 128 };
        Check(NameToHandle(-100, At(path), ref handle, out _, 0));
        var attr = AttrAt(path);
        return new KmlObject(new Fid(0, handle.Ino, handle.Gen), handle.Ino, handle.Gen, attr.Mode);
    }

    private KmlAttr AttrAt(string path) => SyncTree.ReadAttr(At(path));

    private static void Check(int result)
    {
        if (result != 0)
        {
            throw new IOException(Marshal.GetLastPInvokeErrorMessage());
        }
    }

    /// <summary>struct file_handle with FILEID_INO32_GEN, which ext4 gives.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 136)]
    private struct FileHandle
    {
        public uint Bytes;
        public int Type;
        public uint Ino;
        public uint Gen;
    }

    [LibraryImport("libc", EntryPoint = "name_to_handle_at", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int NameToHandle(int directory, string path, ref FileHandle handle, out int mount, int flags);

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int HardLink(string from, string to);

    [LibraryImport("libc", EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenamePath(string from, string to);

    [LibraryImport("libc", EntryPoint = "chmod", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeMode(string path, uint mode);
}
