// SPDX-License-Identifier: GPL-2.0-or-later
using Grpc.Core;

namespace InterMezzo.Simulation.Network;

/// <summary>What a call's server is told of it.</summary>
/// <param name="aborted">The client is gone.</param>
/// <param name="caller">Whose key the connection has.</param>
internal sealed class ServerContext(CancellationToken aborted, ulong caller) : ServerCallContext
{
    public ulong Caller { get; } = caller;

    protected override string MethodCore => "";

    protected override string HostCore => "";

    protected override string PeerCore => $"replica {Caller:x}";

    protected override DateTime DeadlineCore => DateTime.MaxValue;

    protected override Metadata RequestHeadersCore { get; } = [];

    protected override CancellationToken CancellationTokenCore => aborted;

    protected override Metadata ResponseTrailersCore { get; } = [];

    protected override Status StatusCore { get; set; }

    protected override WriteOptions? WriteOptionsCore { get; set; }

    protected override AuthContext AuthContextCore { get; } = new(null, []);

    protected override ContextPropagationToken CreatePropagationTokenCore(ContextPropagationOptions? options) => throw new NotSupportedException();

    protected override Task WriteResponseHeadersAsyncCore(Metadata responseHeaders) => Task.CompletedTask;
}
