// SPDX-License-Identifier: GPL-2.0-or-later
using System.Net.Sockets;
using System.Text;

namespace InterMezzo.Lento.Hosting;

/// <summary>
/// Tells the service manager how the daemon is (sd_notify(3)): whoever set NOTIFY_SOCKET, systemd or another.
/// </summary>
internal sealed class ServiceNotifier(ILogger<ServiceNotifier> logger) : IHostedLifecycleService
{
    private readonly string? _socket = Environment.GetEnvironmentVariable("NOTIFY_SOCKET");

    public Task StartedAsync(CancellationToken cancellationToken) => Send("READY=1\nSTATUS=Ready");

    public Task StoppingAsync(CancellationToken cancellationToken) => Send("STOPPING=1");

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private Task Send(string message)
    {
        if (string.IsNullOrEmpty(_socket))
        {
            return Task.CompletedTask;
        }

        try
        {
            // A name that begins with @ is an abstract one, which begins with NUL.
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            socket.Connect(new UnixDomainSocketEndPoint(_socket[0] == '@' ? '\0' + _socket[1..] : _socket));
            socket.Send(Encoding.ASCII.GetBytes(message));
        }
        catch (Exception exception) when (exception is SocketException or ArgumentException)
        {
            logger.NotifyFailed(_socket, exception.Message);
        }

        return Task.CompletedTask;
    }
}
