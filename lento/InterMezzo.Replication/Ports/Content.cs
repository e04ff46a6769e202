// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Replication.Ports;

/// <summary>A content, complete. What no piece covers is a hole.</summary>
public abstract record Content(ulong Size);

/// <summary>A small one, in memory.</summary>
public sealed record InlineContent(ulong Size, IReadOnlyList<ContentPiece> Pieces) : Content(Size);

/// <param name="Offset">Where in the file.</param>
/// <param name="Data">What stands there.</param>
public readonly record struct ContentPiece(ulong Offset, ReadOnlyMemory<byte> Data);

/// <summary>One that a file holds, which stays as it is.</summary>
public sealed record FileContent(ITreeObject File) : Content(File.ReadState().Attr.Size);

/// <summary>One that was received into a staging file; applying it uses the file up.</summary>
public sealed record StagedContent(IStagingFile File) : Content(File.Size);
