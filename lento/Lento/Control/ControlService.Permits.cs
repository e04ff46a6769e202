// SPDX-License-Identifier: GPL-2.0-or-later
using Grpc.Core;
using InterMezzo.Protocol.Control;

namespace InterMezzo.Lento.Control;

/// <summary>The write permit of a fileset.</summary>
internal sealed partial class ControlService
{
    public override Task<PermitReply> Permit(PermitRequest request, ServerCallContext context)
    {
        var fileset = Find(request.Fileset);
        switch (request.Action)
        {
            case PermitRequest.Types.Action.Release:
                fileset.ReleasePermit();
                break;
            case PermitRequest.Types.Action.Break:
                fileset.BreakPermit();
                break;
            default:
                break;
        }

        var reply = new PermitReply();
        if (fileset.Permit is { } permit)
        {
            reply.Holder = permit.Holder;
            reply.Name = NameOf(fileset, permit.Holder);
            reply.Here = permit.Holder == identity.Replica;
            reply.HeldMs = (long)permit.For.TotalMilliseconds;
            reply.Wanting.AddRange(permit.Wanting.Select(replica => NameOf(fileset, replica)));
        }

        return Task.FromResult(reply);
    }
}
