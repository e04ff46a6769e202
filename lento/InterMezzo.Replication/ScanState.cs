// SPDX-License-Identifier: GPL-2.0-or-later
using System.Buffers.Binary;
using InterMezzo.Journal;

namespace InterMezzo.Replication;

/// <summary>Records of the own log that the tree may not agree with.</summary>
/// <param name="From">The first of them.</param>
/// <param name="To">They end here. From: there are none, but the tree was in other hands before.</param>
/// <param name="Unordered">The lower file system has no journal.</param>
public readonly record struct DoubtfulRange(ulong From, ulong To, bool Unordered)
{
    public bool IsNone => To == 0;
}

/// <summary>Whether the tree must be compared with the log, as the log itself tells: feed it the own log in order. Kept with the index.</summary>
public sealed class ScanState
{
    private const int Size = 5 * sizeof(ulong);

    /// <summary>A stop left this in doubt; until it is looked at nobody may be told of the tree.</summary>
    public DoubtfulRange Doubtful { get; private set; }

    /// <summary>The tree was in somebody else's hands before this MOUNT. 0: as far as is known, never since it was verified.</summary>
    public ulong Below { get; private set; }

    /// <summary>The last MOUNT.</summary>
    public ulong Mount { get; private set; }

    /// <summary>What a check that is asked for looks at.</summary>
    public DoubtfulRange ToVerify => Doubtful.IsNone ? new DoubtfulRange(Below != 0 ? Below : Mount, Below != 0 ? Below : Mount, false) : Doubtful;

    public static ScanState Decode(ReadOnlySpan<byte> bytes)
    {
        var state = new ScanState();
        if (bytes.Length == Size)
        {
            state.Doubtful = new DoubtfulRange(U64(bytes, 0), U64(bytes, 1), U64(bytes, 2) != 0);
            (state.Below, state.Mount) = (U64(bytes, 3), U64(bytes, 4));
        }

        return state;
    }

    public byte[] Encode()
    {
        var bytes = new byte[Size];
        ulong[] values = [Doubtful.From, Doubtful.To, Doubtful.Unordered ? 1u : 0u, Below, Mount];
        for (var i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(i * sizeof(ulong)), values[i]);
        }

        return bytes;
    }

    public void Observe(ulong offset, RecordView record)
    {
        if (record.Op != Op.Mount || record.IsVoid)
        {
            return;
        }

        Mount = offset;
        var flags = (MountFlags)record.Aux;
        if (flags.HasFlag(MountFlags.Scan))
        {
            var from = Doubtful.IsNone ? record.Synced : Math.Min(Doubtful.From, record.Synced);
            Doubtful = new DoubtfulRange(from, offset, Doubtful.Unordered || flags.HasFlag(MountFlags.Unordered));
        }
        else if (flags.HasFlag(MountFlags.Below) && Below == 0)
        {
            Below = offset;
        }
    }

    /// <summary>The log tells what the tree has, again.</summary>
    public void Done() => (Doubtful, Below) = (default, 0);

    private static ulong U64(ReadOnlySpan<byte> bytes, int index) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[(index * sizeof(ulong))..]);
}
