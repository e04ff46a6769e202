// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Replication;

namespace InterMezzo.Platform;

/// <summary>What was resolved lately, here or elsewhere: one small file beside the conflict store.</summary>
internal sealed partial class ConflictStore
{
    private static ReadOnlySpan<byte> ResolvedName => "resolved\0"u8;

    public ResolvedConflicts ReadResolved() => ResolvedConflicts.Decode(ReadFile(_root.Control, "resolved", MaxAbout).Span);

    /// <summary>For the apply thread. As it was, or whole; durable with what is synced next.</summary>
    internal void NoteResolved(ResolvedConflicts resolved) => Write(_root.Control, ResolvedName, "resolved.new\0"u8, resolved.Encode());
}
