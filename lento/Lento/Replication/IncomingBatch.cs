// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Replication.Ports;
using Carry = InterMezzo.Protocol.Replication.Carry;
using Wire = InterMezzo.Protocol.Replication;

namespace InterMezzo.Lento.Replication;

/// <summary>A record with all that travelled with it.</summary>
internal sealed class IncomingRecord(Wire.Record wire)
{
    public Wire.Record Wire { get; } = wire;

    public ulong Source => Wire.Source;

    public ReadOnlySpan<byte> Data => Wire.Data.Span;

    /// <summary>Null: none, or none any more.</summary>
    public Content? Content { get; set; }

    public Carry Carry { get; set; } = wire.Carry;

    /// <summary>No update, but how something stands at the server.</summary>
    public bool IsFinding { get; init; }

    /// <summary>The content turned out to be outdated: a later record brings it.</summary>
    public void Drop()
    {
        (Content as StagedContent)?.File.Discard();
        Content = null;
        Carry = Carry.Later;
    }
}

/// <summary>A whole batch, ready to be applied.</summary>
internal sealed class IncomingBatch(ulong number, ulong from) : IDisposable
{
    public ulong Number { get; } = number;

    public ulong From { get; } = from;

    public ulong To { get; set; }

    /// <summary>Of the peer's log, before <see cref="To"/>.</summary>
    public uint Check { get; set; }

    public List<IncomingRecord> Records { get; } = [];

    /// <summary>Staging files that weren't used stay for the next attempt.</summary>
    public void Dispose()
    {
        foreach (var record in Records)
        {
            (record.Content as StagedContent)?.File.Dispose();
        }
    }
}
