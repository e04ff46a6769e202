// SPDX-License-Identifier: GPL-2.0-or-later
using System.Buffers.Binary;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform;

/// <summary>
/// A content being received, in a file of its own: once complete the file itself becomes the object. How much of it
/// counts after a power cut stands in an attribute of the file, written each time that much is durable; as long as the
/// machine hasn't been started anew, the file's length says it. Only while it grows is it held open: a batch may have more
/// contents than a process may have files.
/// </summary>
internal sealed class StagingFile : IStagingFile
{
    // | boot id 16 | durable length 8 | size when complete, or ~0 8 |
    private const int NoteSize = 32;
    private const ulong NotComplete = ulong.MaxValue;

    /// <summary>So much is received again at most after a power cut.</summary>
    private const ulong SyncEvery = 16 << 20;

    private readonly ContentStage _stage;
    private readonly string _name;
    private Fd? _fd;
    private ulong _durable;

    internal StagingFile(ContentStage stage, ContentKey key, string name, Fd fd)
    {
        _stage = stage;
        _name = name;
        _fd = fd;
        Key = key;
        (Length, _durable, Size) = ReadNote(fd);
        IsComplete = Size != NotComplete;
        if (!IsComplete)
        {
            Size = 0;
            Truncate(Length);
            WriteNote(fd, NotComplete);
        }
    }

    internal static ReadOnlySpan<byte> NoteName => "trusted.intermezzo.stage\0"u8;

    public ContentKey Key { get; }

    public ulong Length { get; private set; }

    public ulong Size { get; private set; }

    public bool IsComplete { get; private set; }

    internal string Name => _name;

    public void Write(ulong offset, ReadOnlySpan<byte> data)
    {
        if (IsComplete || offset < Length)
        {
            throw new InvalidOperationException($"{Key}: a piece at {offset} where {Length} bytes are");
        }

        while (!data.IsEmpty)
        {
            var written = SysException.Check(Interop.Sys.PWrite(Growing, data, checked((long)offset)), "pwrite", _name);
            data = data[written..];
            offset += (ulong)written;
        }

        Length = offset;
        if (Length - _durable >= SyncEvery)
        {
            SysException.Check(Interop.Sys.FDataSync(Growing), "fdatasync", _name);
            _durable = Length;
            WriteNote(Growing, NotComplete);
        }
    }

    public void Complete(ulong size)
    {
        if (size < Length)
        {
            throw new InvalidOperationException($"{Key}: complete with {size} bytes where {Length} are");
        }

        Truncate(size);
        (Length, Size, IsComplete) = (size, size, true);
        WriteNote(Growing, size);
        Close();
    }

    /// <summary>The file was to become an object, and didn't.</summary>
    internal void Restore()
    {
        using var fd = Reopen();
        WriteNote(fd, Size);
    }

    internal Fd Reopen() => _stage.OpenFile(_name);

    public void Discard()
    {
        _stage.Remove(_name);
        Dispose();
    }

    public void Dispose()
    {
        Close();
        _stage.Release(_name);
    }

    /// <summary>What of a staging file counts.</summary>
    internal static (ulong Length, ulong Durable, ulong Size) ReadNote(Fd fd)
    {
        SysException.Check(Interop.Sys.StatX(fd, out var stat), "statx", "a staging file");
        Span<byte> note = stackalloc byte[NoteSize];
        if (Interop.Sys.FGetXattr(fd, NoteName, note) != NoteSize)
        {
            return (0, 0, NotComplete);
        }

        var durable = BinaryPrimitives.ReadUInt64LittleEndian(note[16..]);
        var size = BinaryPrimitives.ReadUInt64LittleEndian(note[24..]);
        return note[..16].SequenceEqual(BootId.Bytes) ? (stat.Size, durable, size) : (Math.Min(durable, stat.Size), durable, NotComplete);
    }

    private Fd Growing => _fd ?? throw new ObjectDisposedException(_name);

    private void Close()
    {
        _fd?.Dispose();
        _fd = null;
    }

    private void WriteNote(Fd fd, ulong size)
    {
        Span<byte> note = stackalloc byte[NoteSize];
        BootId.Bytes.CopyTo(note);
        BinaryPrimitives.WriteUInt64LittleEndian(note[16..], _durable);
        BinaryPrimitives.WriteUInt64LittleEndian(note[24..], size);
        SysException.Check(Interop.Sys.FSetXattr(fd, NoteName, note), "setxattr", _name);
    }

    private void Truncate(ulong size) => SysException.Check(Interop.Sys.FTruncate(Growing, checked((long)size)), "ftruncate", _name);
}
