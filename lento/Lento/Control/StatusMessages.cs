// SPDX-License-Identifier: GPL-2.0-or-later
using Google.Protobuf;
using InterMezzo.Configuration;
using InterMezzo.Protocol.Control;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Lento.Control;

/// <summary>Domain to wire.</summary>
internal static class StatusMessages
{
    public static FilesetStatus Of(IFileset fileset)
    {
        var (configuration, snapshot) = (fileset.Configuration, fileset.Snapshot());
        var status = new FilesetStatus
        {
            Name = configuration.Name,
            Role = Syntax.Text(configuration.Role),
            Kind = Syntax.Text(configuration.Kind),
            Mount = configuration.Mount,
            Device = configuration.Device ?? "",
            State = Text(snapshot.State),
            Reason = snapshot.Reason,
            Log = snapshot.Log,
            Records = snapshot.Records,
            First = snapshot.First,
            Watermark = snapshot.Watermark,
            Batches = snapshot.Batches,
            RecordsSent = snapshot.RecordsSent,
            RecordsCancelled = snapshot.RecordsCancelled,
            RecordsReceived = snapshot.RecordsReceived,
            ContentsSent = snapshot.ContentsSent,
            ContentsReceived = snapshot.ContentsReceived,
            BytesSent = snapshot.BytesSent,
            BytesReceived = snapshot.BytesReceived,
            Conflicts = (uint)snapshot.Conflicts,
            Work = snapshot.Work is { } work ? new Work { What = work.What, Done = work.Done, Total = work.Total, Bytes = work.Bytes } : null,
        };
        status.Peers.AddRange(snapshot.Peers.Select(Of));
        return status;
    }

    public static Protocol.Control.Conflict Of(string fileset, KeptConflict kept)
    {
        var conflict = kept.Conflict;
        var message = new Protocol.Control.Conflict
        {
            Fileset = fileset,
            Reason = conflict.Reason,
            WhenUnixMs = conflict.When.ToUnixTimeMilliseconds(),
            LoserReplica = conflict.Loser.Replica,
            LoserCounter = conflict.Loser.Counter,
            WinnerReplica = conflict.Winner.Replica,
            WinnerCounter = conflict.Winner.Counter,
            Path = ByteString.CopyFrom(kept.Path),
            Directory = kept.Directory,
            Id = kept.Id,
        };
        message.Kept.AddRange(kept.Kept.Select(name => ByteString.CopyFrom(name)));
        return message;
    }

    private static PeerStatus Of(PeerSnapshot peer) => new()
    {
        Name = peer.Name,
        Connected = peer.Connected,
        Replica = peer.Replica,
        Sent = peer.Sent,
        Received = peer.Received,
        Pending = peer.Pending,
    };

    private static string Text(FilesetState state) => state switch
    {
        FilesetState.Serving => "serving",
        FilesetState.Disconnected => "disconnected",
        FilesetState.Joining => "joining",
        FilesetState.Following => "following",
        _ => "failed",
    };
}
