// SPDX-License-Identifier: GPL-2.0-or-later
using System.Net.Sockets;
using Grpc.Net.Client;
using InterMezzo.Configuration;
using InterMezzo.Protocol.Control;

namespace InterMezzo.Ctl;

/// <summary>There is no daemon to talk to; the message says what to do.</summary>
internal sealed class NotRunningException(string message) : Exception(message);

/// <summary>A connection with the daemon of this machine.</summary>
internal sealed class DaemonClient : IDisposable
{
    private readonly GrpcChannel _channel;

    private DaemonClient(Socket connected)
    {
        var handler = new SocketsHttpHandler
        {
            ConnectCallback = (_, _) => ValueTask.FromResult<Stream>(new NetworkStream(connected, ownsSocket: true)),
            UseProxy = false,
        };

        // The name is needed for the look of it: the connection is there.
        _channel = GrpcChannel.ForAddress("http://lento", new GrpcChannelOptions { HttpHandler = handler, DisposeHttpClient = true });
        Control = new Control.ControlClient(_channel);
    }

    public Control.ControlClient Control { get; }

    /// <exception cref="NotRunningException"/>
    /// <exception cref="ConfigurationException">It runs, but isn't for this user.</exception>
    public static DaemonClient Connect(ConfigurationFiles files)
    {
        var path = ConfigurationReader.Read(files).Node.Socket;
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
            return new DaemonClient(socket);
        }
        catch (SocketException exception)
        {
            socket.Dispose();
            throw exception.SocketErrorCode == SocketError.AccessDenied
                ? new ConfigurationException($"{path}: permission denied; run this as root, or as a member of the group that owns the socket")
                : new NotRunningException($"lento isn't running (nobody answers at {path}); start it with `systemctl start lento`");
        }
    }

    public void Dispose() => _channel.Dispose();
}
