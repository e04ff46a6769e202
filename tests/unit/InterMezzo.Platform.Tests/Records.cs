// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;

namespace InterMezzo.Platform.Tests;

/// <summary>Records as a peer sends them.</summary>
internal static class Records
{
    internal const ulong Peer = 0x77;

    internal static readonly KmlTime Now = new(1_700_000_000, 123_456_789);

    internal static Fid Fid(ulong ino) => new(Peer, ino, 7);

    internal static byte[] Make(Op op, Fid made, Fid parent, string name, uint mode, KmlAttr attr = default, byte[]? target = null) =>
        Make(op, made, parent, Bytes(name), mode, attr, target);

    internal static byte[] Make(Op op, Fid made, Fid parent, byte[] name, uint mode, KmlAttr attr = default, byte[]? target = null)
    {
        var writer = Start(op);
        writer.Result = new KmlResult(KmlFormat.Done, made.Ino, made.Gen, mode, 0, 0, default, ResultFlags.None);
        AddObject(ref writer, FieldType.Parent, parent);
        writer.Add(FieldType.Name, name);
        writer.Add(FieldType.Attr, attr);
        if (target is not null)
        {
            writer.Add(FieldType.Target, target);
        }

        return writer.Finish().ToArray();
    }

    internal static byte[] Named(Op op, Fid fid, Fid parent, string name, KmlAttr? attr = null, Fid replaced = default, uint mode = 0)
    {
        var writer = Start(op);
        writer.Add(FieldType.Object, new KmlObject(fid, 1, 1, mode));
        AddObject(ref writer, FieldType.Parent, parent);
        writer.Add(FieldType.Name, Bytes(name));
        if (attr is { } value)
        {
            writer.Add(FieldType.Attr, value);
        }

        if (!replaced.IsNone)
        {
            AddObject(ref writer, FieldType.Replaced, replaced);
        }

        return writer.Finish().ToArray();
    }

    internal static byte[] Rename(Fid fid, Fid parent, string name, Fid parent2, string name2, Fid replaced = default, uint flags = 0)
    {
        var writer = Start(Op.Rename);
        writer.Aux = flags;
        AddObject(ref writer, FieldType.Object, fid);
        AddObject(ref writer, FieldType.Parent, parent);
        writer.Add(FieldType.Name, Bytes(name));
        AddObject(ref writer, FieldType.Parent2, parent2);
        writer.Add(FieldType.Name2, Bytes(name2));
        if (!replaced.IsNone)
        {
            AddObject(ref writer, FieldType.Replaced, replaced);
        }

        return writer.Finish().ToArray();
    }

    internal static byte[] SetAttr(Fid fid, KmlAttr attr)
    {
        var writer = Start(Op.SetAttr);
        AddObject(ref writer, FieldType.Object, fid);
        writer.Add(FieldType.Attr, attr);
        return writer.Finish().ToArray();
    }

    internal static byte[] Xattr(Op op, Fid fid, string name, byte[]? value = null)
    {
        var writer = Start(op);
        AddObject(ref writer, FieldType.Object, fid);
        writer.Add(FieldType.XattrName, Bytes(name));
        if (value is not null)
        {
            writer.Add(FieldType.XattrValue, value);
        }

        return writer.Finish().ToArray();
    }

    internal static byte[] Bytes(string name) => System.Text.Encoding.UTF8.GetBytes(name);

    private static RecordWriter Start(Op op) => new(new byte[KmlFormat.RecordMax], op) { Dot = new Dot(Peer, 1), Source = 4096, Time = Now };

    private static void AddObject(ref RecordWriter writer, FieldType type, Fid fid) => writer.Add(type, new KmlObject(fid, 1, 1, 0));
}
