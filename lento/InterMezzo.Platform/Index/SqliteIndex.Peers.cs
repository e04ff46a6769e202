// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform;

/// <summary>Progress with peers: rarely touched, so prepared when needed.</summary>
internal sealed partial class SqliteIndex
{
    public IReadOnlyList<(ulong Peer, byte[] Payload)> LoadProgress()
    {
        lock (_gate)
        {
            using var select = new Statement(_connection, "SELECT peer, payload FROM progress");
            var all = new List<(ulong, byte[])>();
            while (select.Step())
            {
                all.Add((select.Integer(0), select.Blob(1).ToArray()));
            }

            return all;
        }
    }

    public void SaveProgress(ulong peer, ReadOnlySpan<byte> payload)
    {
        lock (_gate)
        {
            BeginLocked();
            using var save = new Statement(_connection, "INSERT OR REPLACE INTO progress VALUES (?, ?)");
            save.Bind(1, peer).Bind(2, payload).Run();
        }
    }

    public byte[] LoadScan()
    {
        Span<byte> payload = stackalloc byte[256];
        return payload[..GetMeta(Meta.Scan, payload)].ToArray();
    }

    public void SaveScan(ReadOnlySpan<byte> payload)
    {
        lock (_gate)
        {
            SetMetaLocked(Meta.Scan, payload);
        }
    }
}
