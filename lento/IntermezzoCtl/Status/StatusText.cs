// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Protocol.Control;

namespace InterMezzo.Ctl;

/// <summary>A status for people.</summary>
internal static class StatusText
{
    public static void Write(StatusReply status, TextWriter writer)
    {
        var started = Amount.Time(DateTimeOffset.FromUnixTimeMilliseconds(status.StartedUnixMs));
        writer.WriteLine(
            $"{status.Name}, replica {Amount.Replica(status.Replica)}: lento {status.Version} since {started}, {Amount.OfBytes(status.ResidentBytes)} of memory");
        if (status.Filesets.Count == 0)
        {
            writer.WriteLine("No filesets; `intermezzo-ctl fileset create` or `join` adds one.");
            return;
        }

        writer.WriteLine();
        WriteFilesets(status, writer);
        writer.WriteLine();
        WritePeers(status, writer);
        foreach (var fileset in status.Filesets.Where(fileset => fileset.Reason.Length > 0))
        {
            writer.WriteLine($"\n{fileset.Name}: {fileset.Reason}");
        }
    }

    private static void WriteFilesets(StatusReply status, TextWriter writer)
    {
        var table = new TextTable("FILESET", "ROLE", "STATE", "MOUNT", "RECORDS", "SENT", "RECEIVED", "CONFLICTS");
        foreach (var fileset in status.Filesets)
        {
            table.Add(
                fileset.Name, fileset.Role, StateOf(fileset), fileset.Mount, Amount.Of(fileset.Records),
                Amount.OfBytes(fileset.BytesSent), Amount.OfBytes(fileset.BytesReceived), Amount.Of((ulong)fileset.Conflicts));
        }

        table.WriteTo(writer);
    }

    private static void WritePeers(StatusReply status, TextWriter writer)
    {
        var table = new TextTable("FILESET", "PEER", "CONNECTED", "STILL TO SEND");
        foreach (var fileset in status.Filesets)
        {
            foreach (var peer in fileset.Peers)
            {
                table.Add(fileset.Name, peer.Name, peer.Connected ? "yes" : "no", peer.Connected ? Amount.OfBytes(peer.Pending) : "?");
            }
        }

        table.WriteTo(writer);
    }

    /// <summary>With how far it is, if that takes time.</summary>
    public static string StateOf(FilesetStatus fileset) => fileset.Work is { } work
        ? $"{fileset.State} ({WorkText(work)})"
        : fileset.State;

    public static string WorkText(Work work) =>
        $"{work.What}: {Amount.Of(work.Done)}{(work.Total > 0 ? $" of {Amount.Of(work.Total)}" : "")} objects, {Amount.OfBytes(work.Bytes)}";
}
