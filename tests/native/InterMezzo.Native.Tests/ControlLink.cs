// SPDX-License-Identifier: GPL-2.0-or-later
using System.Net.Sockets;
using Grpc.Net.Client;
using InterMezzo.Protocol.Control;

namespace InterMezzo.Native.Tests;

/// <summary>Asks a daemon without a program in between: often and soon.</summary>
internal sealed class ControlLink : IDisposable
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(2), s_patience = TimeSpan.FromMinutes(2);

    private readonly GrpcChannel _channel;
    private readonly Control.ControlClient _control;

    public ControlLink(string socket)
    {
        var handler = new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellationToken) =>
            {
                var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await connection.ConnectAsync(new UnixDomainSocketEndPoint(socket), cancellationToken);
                return new NetworkStream(connection, ownsSocket: true);
            },
        };
        _channel = GrpcChannel.ForAddress("http://lento", new GrpcChannelOptions { HttpHandler = handler, DisposeHttpClient = true });
        _control = new Control.ControlClient(_channel);
    }

    public async Task<FilesetStatus> StatusAsync() => (await _control.StatusAsync(new StatusRequest())).Filesets.Single();

    /// <summary>Returns the first status that fits.</summary>
    public async Task<FilesetStatus> WaitAsync(Func<FilesetStatus, bool> fits)
    {
        using var timeout = new CancellationTokenSource(s_patience);
        while (true)
        {
            var status = await StatusAsync();
            if (fits(status))
            {
                return status;
            }

            await Task.Delay(s_interval, timeout.Token);
        }
    }

    public void Dispose() => _channel.Dispose();
}
