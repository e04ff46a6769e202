// SPDX-License-Identifier: GPL-2.0-or-later
using System.Buffers;
using System.Text.Json;
using InterMezzo.Journal;

namespace InterMezzo.Ctl;

/// <summary>A record for programs. Written straight from the bytes: there may be millions.</summary>
internal sealed class RecordJson
{
    private readonly ArrayBufferWriter<byte> _buffer = new();
    private readonly Utf8JsonWriter _writer;

    public RecordJson() => _writer = new Utf8JsonWriter(_buffer);

    /// <summary>To be used until the next call.</summary>
    public ReadOnlySpan<byte> Format(ulong offset, RecordView record)
    {
        _buffer.Clear();
        _writer.Reset();
        _writer.WriteStartObject();
        WriteHeader(offset, record);
        WriteObjects(record);
        WriteValues(record);
        _writer.WriteEndObject();
        _writer.Flush();
        return _buffer.WrittenSpan;
    }

    private void WriteHeader(ulong offset, RecordView record)
    {
        _writer.WriteNumber("offset", offset);
        _writer.WriteNumber("number", record.Recno);
        _writer.WriteString("op", RecordWords.Of(record.Op));
        _writer.WriteStartArray("flags");
        foreach (var word in RecordWords.Of(record.Flags, record.IsVoid))
        {
            _writer.WriteStringValue(word);
        }

        _writer.WriteEndArray();
        _writer.WriteString("replica", RecordWords.Replica(record.Dot.Replica));
        _writer.WriteNumber("counter", record.Dot.Counter);
        _writer.WriteNumber("source", record.Source);
        _writer.WriteString("peer", record.Peer == 0 ? null : RecordWords.Replica(record.Peer));
        _writer.WriteString("time", RecordWords.Of(record.Time));
        _writer.WriteNumber("uid", record.Uid);
        _writer.WriteNumber("gid", record.Gid);
        _writer.WriteNumber("pid", record.Pid);
        _writer.WriteNumber("aux", record.Aux);
    }

    private void WriteObjects(RecordView record)
    {
        if (record.TryGetObject(out var subject) || record.TryGetMade(out subject))
        {
            Write("object", subject);
        }

        if (record.TryGetParent(out var parent))
        {
            Write("parent", parent);
        }

        WriteName("name", "nameEscaped", record.Has(FieldType.Name), record.Name);
        if (record.TryGetParent2(out var parent2))
        {
            Write("parent2", parent2);
        }

        WriteName("name2", "name2Escaped", record.Has(FieldType.Name2), record.Name2);
        if (record.TryGetReplaced(out var replaced))
        {
            Write("replaced", replaced);
        }
    }

    private void WriteValues(RecordView record)
    {
        if (record.TryGetAttr(out var attr))
        {
            Write("attr", attr);
        }

        if (record.TryGetAttrBefore(out var before))
        {
            Write("attrBefore", before);
        }

        WriteName("target", "targetEscaped", record.Has(FieldType.Target), record.Target);
        WriteName("xattr", "xattrEscaped", record.Has(FieldType.XattrName), record.XattrName);
        WriteLength("valueBytes", record.Has(FieldType.XattrValue), record.XattrValue);
        WriteLength("payloadBytes", record.Has(FieldType.Payload), record.Payload);
        if (!record.Has(FieldType.Ranges))
        {
            return;
        }

        _writer.WriteStartArray("ranges");
        for (var i = 0; i < record.RangeCount; i++)
        {
            Write(record.Range(i));
        }

        _writer.WriteEndArray();
    }

    private void Write(string key, KmlObject value)
    {
        _writer.WriteStartObject(key);
        _writer.WriteString("replica", RecordWords.Replica(value.Fid.Replica));
        _writer.WriteNumber("ino", value.Fid.Ino);
        _writer.WriteNumber("gen", value.Fid.Gen);
        _writer.WriteNumber("localIno", value.Ino);
        _writer.WriteNumber("localGen", value.Gen);
        _writer.WriteNumber("mode", value.Mode);
        _writer.WriteEndObject();
    }

    private void Write(string key, KmlAttr attr)
    {
        _writer.WriteStartObject(key);
        WriteNumber("mode", attr.Has(AttrValid.Mode), attr.Mode);
        WriteNumber("uid", attr.Has(AttrValid.Uid), attr.Uid);
        WriteNumber("gid", attr.Has(AttrValid.Gid), attr.Gid);
        WriteNumber("size", attr.Has(AttrValid.Size), attr.Size);
        WriteNumber("nlink", attr.Has(AttrValid.Links), attr.Links);
        WriteNumber("major", attr.Has(AttrValid.Device), attr.Major);
        WriteNumber("minor", attr.Has(AttrValid.Device), attr.Minor);
        WriteTime("atime", attr.Has(AttrValid.AccessTime), attr.AccessTime);
        WriteTime("mtime", attr.Has(AttrValid.ModifyTime), attr.ModifyTime);
        WriteTime("ctime", attr.Has(AttrValid.ChangeTime), attr.ChangeTime);
        _writer.WriteEndObject();
    }

    /// <summary>Without a length: to the end of the file.</summary>
    private void Write(KmlRange range)
    {
        _writer.WriteStartObject();
        _writer.WriteNumber("start", range.Start);
        WriteNumber("length", range.Length != ulong.MaxValue, range.Length);
        _writer.WriteEndObject();
    }

    private void WriteName(string key, string escapedKey, bool has, ReadOnlySpan<byte> name)
    {
        if (!has)
        {
            return;
        }

        var (text, escaped) = ByteName.ForJson(name);
        _writer.WriteString(key, text);
        if (escaped)
        {
            _writer.WriteBoolean(escapedKey, true);
        }
    }

    private void WriteLength(string key, bool has, ReadOnlySpan<byte> value) => WriteNumber(key, has, (ulong)value.Length);

    private void WriteNumber(string key, bool has, ulong value)
    {
        if (has)
        {
            _writer.WriteNumber(key, value);
        }
    }

    private void WriteTime(string key, bool has, KmlTime time)
    {
        if (has)
        {
            _writer.WriteString(key, RecordWords.Of(time));
        }
    }
}
