// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Protocol.Control;

namespace InterMezzo.Ctl;

/// <summary>A status for programs.</summary>
internal sealed record StatusOutput(
    string Version, string Name, string Replica, string? Listen, string Started, long ResidentBytes, IReadOnlyList<FilesetStatusOutput> Filesets)
{
    public static StatusOutput Of(StatusReply status) => new(
        status.Version,
        status.Name,
        Amount.Replica(status.Replica),
        NullIfEmpty(status.Listen),
        Amount.Time(DateTimeOffset.FromUnixTimeMilliseconds(status.StartedUnixMs)),
        status.ResidentBytes,
        [.. status.Filesets.Select(Of)]);

    private static FilesetStatusOutput Of(FilesetStatus fileset) => new(
        fileset.Name,
        fileset.Role,
        fileset.Kind,
        fileset.Mount,
        NullIfEmpty(fileset.Device),
        fileset.State,
        NullIfEmpty(fileset.Reason),
        NullIfEmpty(fileset.Log),
        fileset.Records,
        fileset.First,
        fileset.Watermark,
        fileset.Batches,
        fileset.RecordsSent,
        fileset.RecordsReceived,
        fileset.RecordsCancelled,
        fileset.ContentsSent,
        fileset.ContentsReceived,
        fileset.BytesSent,
        fileset.BytesReceived,
        fileset.Conflicts,
        fileset.Work is { } work ? new WorkOutput(work.What, work.Done, work.Total, work.Bytes) : null,
        [.. fileset.Peers.Select(peer => new PeerStatusOutput(
            peer.Name, peer.Connected, peer.Replica == 0 ? null : Amount.Replica(peer.Replica), peer.Sent, peer.Received, peer.Pending))]);

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;
}

internal sealed record FilesetStatusOutput(
    string Name,
    string Role,
    string Kind,
    string Mount,
    string? Device,
    string State,
    string? Reason,
    string? Log,
    ulong Records,
    ulong First,
    ulong Watermark,
    long Batches,
    long RecordsSent,
    long RecordsReceived,
    long RecordsCancelled,
    long ContentsSent,
    long ContentsReceived,
    long BytesSent,
    long BytesReceived,
    uint Conflicts,
    WorkOutput? Work,
    IReadOnlyList<PeerStatusOutput> Peers);

internal sealed record WorkOutput(string What, ulong Done, ulong Total, ulong Bytes);

internal sealed record PeerStatusOutput(string Name, bool Connected, string? Replica, ulong Sent, ulong Received, ulong Pending);
