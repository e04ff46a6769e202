// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Google.Protobuf;

namespace InterMezzo.Protocol.Replication;

/// <summary>A peer sent what no correct peer sends. Fatal for its connection, never for the daemon.</summary>
public sealed class InvalidMessageException(string message) : Exception(message);

/// <summary>The checks that every Validate() is made of.</summary>
internal static class Require
{
    public static void That([DoesNotReturnIf(false)] bool holds, string what)
    {
        if (!holds)
        {
            throw new InvalidMessageException(what);
        }
    }

    public static void Length(ByteString bytes, int length, [CallerArgumentExpression(nameof(bytes))] string name = "") =>
        That(bytes.Length == length, $"{name}: {bytes.Length} bytes instead of {length}");

    public static void LengthOrNone(ByteString bytes, int length, [CallerArgumentExpression(nameof(bytes))] string name = "") =>
        That(bytes.Length == length || bytes.IsEmpty, $"{name}: {bytes.Length} bytes instead of {length} or none");

    public static void AtMost(int count, int limit, [CallerArgumentExpression(nameof(count))] string name = "") =>
        That(count <= limit, $"{name} is {count}, more than {limit}");

    public static void Name(ByteString name, int limit)
    {
        That(name.Length > 0 && name.Length <= limit, $"a name of {name.Length} bytes");
        That(!name.Span.Contains((byte)0), "a name with a NUL");
    }

    /// <summary>Of something in a directory.</summary>
    public static void EntryName(ByteString name)
    {
        Name(name, WireLimits.Name);
        That(!name.Span.Contains((byte)'/'), "a name with a slash");
        That(!name.Span.SequenceEqual("."u8) && !name.Span.SequenceEqual(".."u8), "a name that means another directory");
    }

    public static void Fileset(string fileset) =>
        That(fileset.Length is > 0 and <= WireLimits.Fileset && !fileset.Contains('/') && !fileset.Contains('\0'), "not a fileset's name");

    public static void Fid(ByteString fid)
    {
        Length(fid, WireLimits.Fid, "fid");
        That(fid.Span[..8].ContainsAnyExcept((byte)0), "a fid of replica 0");
    }

    public static void Replica(ulong replica) => That(replica != 0, "replica 0");
}
