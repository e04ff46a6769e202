// SPDX-License-Identifier: GPL-2.0-or-later
using Google.Protobuf;
using Grpc.Core;
using InterMezzo.Protocol.Control;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Lento.Control;

/// <summary>Shows a journal to intermezzo-ctl, whole records at a time.</summary>
internal static class JournalStream
{
    /// <summary>Holds the longest record.</summary>
    private const int PartSize = 256 << 10;

    public static async Task SendAsync(
        IFileset fileset, ReadJournalRequest request, IServerStreamWriter<JournalPart> to, CancellationToken cancellationToken)
    {
        var journal = fileset.Replica.Journal ?? throw new RpcException(new Status(
            StatusCode.FailedPrecondition, $"fileset \"{fileset.Configuration.Name}\" is a plain directory: it keeps no journal"));
        var offset = request.From == 0 ? journal.Info.First : request.From;
        var buffer = new byte[PartSize];
        try
        {
            while (true)
            {
                var count = journal.Read(offset, buffer);
                if (count > 0)
                {
                    await to.WriteAsync(new JournalPart { Offset = offset, Data = ByteString.CopyFrom(buffer, 0, count) }, cancellationToken);
                    offset += (ulong)count;
                }
                else if (!request.Follow)
                {
                    return;
                }
                else
                {
                    await journal.WaitBeyondAsync(offset, cancellationToken);
                }
            }
        }
        catch (JournalException exception)
        {
            throw new RpcException(new Status(StatusCode.OutOfRange, exception.Message));
        }
        catch (OperationCanceledException) when (request.Follow)
        {
            // Whoever followed has seen enough.
        }
    }
}
