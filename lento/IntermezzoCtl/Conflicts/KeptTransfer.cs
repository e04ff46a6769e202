// SPDX-License-Identifier: GPL-2.0-or-later
using Grpc.Core;
using InterMezzo.Platform;
using InterMezzo.Protocol.Control;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Ctl;

/// <summary>Brings a kept version from the daemon.</summary>
internal static class KeptTransfer
{
    /// <summary>With all below it.</summary>
    /// <param name="daemon">Who has it.</param>
    /// <param name="request">Which.</param>
    /// <param name="to">What it becomes.</param>
    /// <param name="dress">Of each object's state, what it becomes.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task CopyAsync(
        DaemonClient daemon, ReadKeptRequest request, NewVersion to, Func<ObjectState, ObjectState> dress, CancellationToken cancellationToken)
    {
        using var call = daemon.Control.ReadKept(request, cancellationToken: cancellationToken);
        var count = 0;
        await foreach (var part in call.ResponseStream.ReadAllAsync(cancellationToken))
        {
            switch (part.KindCase)
            {
                case KeptPart.KindOneofCase.Object:
                    to.Begin(checked((int)part.Object.Depth), part.Object.Name.ToByteArray(), dress(ConflictParts.StateOf(part.Object)), part.Object.Inode);
                    count++;
                    break;
                case KeptPart.KindOneofCase.Piece:
                    to.Write(part.Piece.Offset, part.Piece.Data.Span);
                    break;
                case KeptPart.KindOneofCase.End:
                    to.EndAt(part.End.Size);
                    break;
            }
        }

        if (count == 0)
        {
            throw new RefusedException($"what conflict {request.Id} kept has gone meanwhile");
        }
    }

    /// <summary>The content alone, of a file.</summary>
    public static async Task CopyContentAsync(DaemonClient daemon, ReadKeptRequest request, string path, CancellationToken cancellationToken)
    {
        using var call = daemon.Control.ReadKept(request, cancellationToken: cancellationToken);
        await using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write);
        await foreach (var part in call.ResponseStream.ReadAllAsync(cancellationToken))
        {
            if (part.KindCase == KeptPart.KindOneofCase.Piece)
            {
                file.Position = checked((long)part.Piece.Offset);
                await file.WriteAsync(part.Piece.Data.Memory, cancellationToken);
            }
            else if (part.KindCase == KeptPart.KindOneofCase.End)
            {
                file.SetLength(checked((long)part.End.Size));
            }
        }
    }
}
