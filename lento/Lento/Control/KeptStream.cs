// SPDX-License-Identifier: GPL-2.0-or-later
using Google.Protobuf;
using Grpc.Core;
using InterMezzo.Protocol.Control;
using InterMezzo.Replication;
using InterMezzo.Replication.Ports;
using KeptHere = InterMezzo.Replication.Ports.KeptObject;

namespace InterMezzo.Lento.Control;

/// <summary>Hands a kept version to intermezzo-ctl: nobody but lento can look where it is.</summary>
internal static class KeptStream
{
    private const int PieceSize = 256 << 10;

    public static async Task SendAsync(
        IEnumerable<KeptHere> items, IServerStreamWriter<KeptPart> to, CancellationToken cancellationToken)
    {
        var buffer = new byte[PieceSize];
        var sent = new HashSet<ulong>();
        foreach (var item in items)
        {
            await to.WriteAsync(new KeptPart { Object = ConflictMessages.Of(item) }, cancellationToken);
            if (RecordFacts.IsRegular(item.Object.Type) && sent.Add(item.Inode))
            {
                await SendContentAsync(item.Object, buffer, to, cancellationToken);
            }
        }
    }

    private static async Task SendContentAsync(ITreeObject file, byte[] buffer, IServerStreamWriter<KeptPart> to, CancellationToken cancellationToken)
    {
        ulong at = 0;
        while (file.NextData(at, out var start, out var end))
        {
            at = start;
            var count = file.Read(at, buffer.AsSpan(0, (int)Math.Min((ulong)buffer.Length, end - at)));
            if (count == 0)
            {
                break;
            }

            await to.WriteAsync(new KeptPart { Piece = new KeptPiece { Offset = at, Data = ByteString.CopyFrom(buffer, 0, count) } }, cancellationToken);
            at += (ulong)count;
        }

        await to.WriteAsync(new KeptPart { End = new KeptEnd { Size = Math.Max(at, file.ReadState().Attr.Size) } }, cancellationToken);
    }
}
