// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform.Tests;

/// <summary>A plain replica, and a peer that sends it records.</summary>
internal sealed class PlainFixture : IDisposable
{
    internal const ulong Self = 0x11;

    private readonly Scratch _scratch;
    private ulong _count;

    internal PlainFixture(string where, ApplyOptions? options = null)
    {
        _scratch = new Scratch(where);
        Directory.CreateDirectory(Tree);
        Options = options;
        Replica = Open();
    }

    internal PlainReplica Replica { get; private set; }

    internal ApplyOptions? Options { get; }

    internal IApplier Applier => Replica.Applier;

    internal Fid Root => Replica.Tree.Root;

    internal string Tree => _scratch.At("tree");

    internal string State => _scratch.At("state");

    internal Origin Origin => new(new Dot(Records.Peer, ++_count), 4096 + (_count * 16));

    internal string At(string name) => Path.Combine(Tree, name);

    internal string Outside(string name) => _scratch.At(name);

    internal ApplyOutcome Apply(byte[] record, ObjectState? state = null, Content? content = null) =>
        Applier.Apply(Origin, RecordView.Parse(record), state, content);

    /// <summary>Applies a record twice: it must be done, then be so.</summary>
    internal void ApplyTwice(byte[] record, ObjectState? state = null, Content? content = null)
    {
        Assert.That(Apply(record, state, content), Has.Property(nameof(ApplyOutcome.Status)).EqualTo(ApplyStatus.Applied));
        Assert.That(Apply(record, state, content), Is.EqualTo(ApplyOutcome.AlreadySo));
    }

    internal Fid MakeDirectory(ulong ino, Fid parent, string name)
    {
        Assert.That(Apply(Records.Make(Op.Mkdir, Records.Fid(ino), parent, name, FileType.Directory | 0x1ed)), Has.Property(nameof(ApplyOutcome.Status)).EqualTo(ApplyStatus.Applied));
        return Records.Fid(ino);
    }

    internal Fid MakeFile(ulong ino, Fid parent, string name, string text)
    {
        var record = Records.Make(Op.Create, Records.Fid(ino), parent, name, FileType.Regular | 0x1a4);
        Assert.That(Apply(record, FileState(text.Length), Text(text)), Has.Property(nameof(ApplyOutcome.Status)).EqualTo(ApplyStatus.Applied));
        return Records.Fid(ino);
    }

    internal static Content Text(string text) => Data(Records.Bytes(text));

    internal static Content Data(byte[] bytes) => new InlineContent((ulong)bytes.Length, bytes.Length == 0 ? [] : [new ContentPiece(0, bytes)]);

    internal static ObjectState FileState(long size, uint mode = 0x1a4, uint uid = 0, uint gid = 0, KmlTime? time = null, IReadOnlyList<Xattr>? xattrs = null) => new()
    {
        Attr = Attr(FileType.Regular | mode, size, uid, gid, time),
        Xattrs = xattrs ?? [],
    };

    internal static KmlAttr Attr(uint mode, long size = 0, uint uid = 0, uint gid = 0, KmlTime? time = null) => new()
    {
        Valid = AttrValid.Mode | AttrValid.Uid | AttrValid.Gid | AttrValid.Size | AttrValid.ModifyTime,
        Mode = mode,
        Uid = uid,
        Gid = gid,
        Size = (ulong)size,
        ModifyTime = time ?? Records.Now,
    };

    /// <summary>As after a restart of the program.</summary>
    internal void Reopen(bool losingIndex = false)
    {
        Replica.Dispose();
        if (losingIndex)
        {
            Directory.Delete(State, recursive: true);
        }

        Replica = Open();
    }

    public void Dispose()
    {
        Replica.Dispose();
        _scratch.Dispose();
    }

    private PlainReplica Open()
    {
        var replica = PlainReplica.Open(Tree, "home", Self, State, Options);
        replica.CatchUp(null);
        return replica;
    }
}
