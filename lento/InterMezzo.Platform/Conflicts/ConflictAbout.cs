// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using System.Text;
using System.Text.Json;
using InterMezzo.Journal;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform;

/// <summary>The description of a conflict: one line of JSON, for people and programs.</summary>
internal static class ConflictAbout
{
    internal static byte[] Encode(Conflict conflict, ReadOnlySpan<byte> path)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            WriteDot(writer, "loser", conflict.Loser);
            WriteDot(writer, "winner", conflict.Winner);
            writer.WriteString("reason", conflict.Reason);
            writer.WriteString("when", conflict.When);
            WriteFid(writer, "object", conflict.Object);
            WriteFid(writer, "parent", conflict.Parent);
            writer.WriteString("shown", Names.Show(path));
            writer.WriteBase64String("path", path);
            writer.WriteBase64String("name", conflict.Name);
            writer.WriteEndObject();
        }

        stream.WriteByte((byte)'\n');
        return stream.ToArray();
    }

    /// <summary>A line that ends the conflicts about an object that stand above it, and the names that go with them.</summary>
    internal static byte[] EncodeEnd(Fid subject, IReadOnlyList<byte[]> kept)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            WriteFid(writer, "resolved", subject);
            writer.WriteStartArray("kept");
            foreach (var name in kept)
            {
                writer.WriteBase64StringValue(name);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        stream.WriteByte((byte)'\n');
        return stream.ToArray();
    }

    /// <summary>Null: another line.</summary>
    internal static (Fid Subject, IReadOnlyList<byte[]> Kept)? DecodeEnd(ReadOnlyMemory<byte> line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            var root = document.RootElement;
            return root.TryGetProperty("resolved", out _)
                ? (ReadFid(root, "resolved"), [.. root.GetProperty("kept").EnumerateArray().Select(name => name.GetBytesFromBase64())])
                : null;
        }
        catch (Exception e) when (IsMalformed(e))
        {
            return null;
        }
    }

    /// <summary>Null: not a whole description (a power cut can leave half a line).</summary>
    internal static (Conflict Conflict, byte[] Path)? Decode(ReadOnlyMemory<byte> line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            var root = document.RootElement;
            var conflict = new Conflict(
                ReadDot(root, "loser"),
                ReadDot(root, "winner"),
                root.GetProperty("reason").GetString() ?? "",
                root.GetProperty("when").GetDateTimeOffset(),
                ReadFid(root, "object"),
                ReadFid(root, "parent"),
                root.GetProperty("name").GetBytesFromBase64());
            return (conflict, root.GetProperty("path").GetBytesFromBase64());
        }
        catch (Exception e) when (IsMalformed(e))
        {
            return null;
        }
    }

    private static bool IsMalformed(Exception e) =>
        e is JsonException or KeyNotFoundException or FormatException or InvalidOperationException or OverflowException;

    private static void WriteDot(Utf8JsonWriter writer, string name, Dot dot) =>
        writer.WriteString(name, string.Create(CultureInfo.InvariantCulture, $"{dot.Replica:x}:{dot.Counter:x}"));

    private static void WriteFid(Utf8JsonWriter writer, string name, Fid fid) =>
        writer.WriteString(name, string.Create(CultureInfo.InvariantCulture, $"{fid.Replica:x}:{fid.Ino:x}:{fid.Gen:x}"));

    private static Dot ReadDot(JsonElement root, string name)
    {
        var parts = Parts(root, name, 2);
        return new Dot(parts[0], parts[1]);
    }

    private static Fid ReadFid(JsonElement root, string name)
    {
        var parts = Parts(root, name, 3);
        return new Fid(parts[0], parts[1], checked((uint)parts[2]));
    }

    private static ulong[] Parts(JsonElement root, string name, int count)
    {
        var parts = (root.GetProperty(name).GetString() ?? "").Split(':');
        return parts.Length == count
            ? Array.ConvertAll(parts, part => ulong.Parse(part, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture))
            : throw new FormatException(name);
    }
}
