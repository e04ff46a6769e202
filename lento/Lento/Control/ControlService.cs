// SPDX-License-Identifier: GPL-2.0-or-later
using Grpc.Core;
using InterMezzo.Configuration;
using InterMezzo.Lento.Hosting;
using InterMezzo.Protocol.Control;

namespace InterMezzo.Lento.Control;

/// <summary>What intermezzo-ctl asks for. Reached over the Unix socket alone.</summary>
internal sealed partial class ControlService(
    LentoConfiguration configuration, NodeIdentity identity, FilesetRegistry filesets, Reloader reloader) : Protocol.Control.Control.ControlBase
{
    private static readonly DateTimeOffset s_started = DateTimeOffset.UtcNow;

    public override Task<StatusReply> Status(StatusRequest request, ServerCallContext context)
    {
        var reply = new StatusReply
        {
            Version = Daemon.Version,
            Name = configuration.Node.Name,
            Replica = identity.Replica,
            Listen = configuration.Node.Listen?.ToString() ?? "",
            StartedUnixMs = s_started.ToUnixTimeMilliseconds(),
            ResidentBytes = Environment.WorkingSet,
        };
        reply.Filesets.AddRange(filesets.All.Select(StatusMessages.Of));
        return Task.FromResult(reply);
    }

    public override async Task<SyncReply> Sync(SyncRequest request, ServerCallContext context)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken);
        timeout.CancelAfter(TimeSpan.FromMilliseconds(Math.Clamp(request.TimeoutMs, 0, int.MaxValue)));
        var results = await Task.WhenAll(Chosen(request.Fileset).Select(fileset => fileset.WaitAsync(timeout.Token)));
        var reply = new SyncReply { InSync = results.All(result => result.InSync) };
        reply.Missing.AddRange(results.SelectMany(result => result.Missing));
        return reply;
    }

    public override async Task<ReloadReply> Reload(ReloadRequest request, ServerCallContext context)
    {
        // Whoever asked may go away; a reload that has begun is finished.
        var result = await reloader.ReloadAsync(CancellationToken.None);
        var reply = new ReloadReply();
        reply.Changes.AddRange(result.Changes);
        reply.Problems.AddRange(result.Problems);
        return reply;
    }

    public override async Task<VerifyReply> Verify(VerifyRequest request, ServerCallContext context)
    {
        var found = await Find(request.Fileset).VerifyAsync(context.CancellationToken);
        return new VerifyReply { Looked = (ulong)found.Looked, Told = (ulong)found.Told, Listed = (ulong)found.Listed };
    }

    public override Task ReadJournal(ReadJournalRequest request, IServerStreamWriter<JournalPart> responseStream, ServerCallContext context) =>
        JournalStream.SendAsync(Find(request.Fileset), request, responseStream, context.CancellationToken);

    public override async Task ListConflicts(
        ListConflictsRequest request, IServerStreamWriter<Protocol.Control.Conflict> responseStream, ServerCallContext context)
    {
        foreach (var fileset in Chosen(request.Fileset))
        {
            foreach (var kept in fileset.Replica.Conflicts.List())
            {
                await responseStream.WriteAsync(StatusMessages.Of(fileset.Configuration.Name, WithPath(fileset, kept)), context.CancellationToken);
            }
        }
    }

    private IReadOnlyList<IFileset> Chosen(string name) => name.Length == 0 ? filesets.All : [Find(name)];

    private IFileset Find(string name) => filesets.Find(name)
        ?? throw new RpcException(new Status(StatusCode.NotFound, $"there is no fileset \"{name}\"; `intermezzo-ctl fileset list` shows those there are"));
}
