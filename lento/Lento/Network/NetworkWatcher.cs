// SPDX-License-Identifier: GPL-2.0-or-later
using System.Buffers.Binary;
using System.Net.Sockets;

namespace InterMezzo.Lento.Network;

internal sealed class NetworkWatcher(ILogger<NetworkWatcher> logger) : BackgroundService, INetworkWatcher
{
    private const int Header = 16;          // struct nlmsghdr
    private const ushort FirstNews = 16;    // RTM_NEWLINK; below it are netlink's own messages
    private const ushort LastNews = 26;     // RTM_GETROUTE

    private volatile TaskCompletionSource _next = NewSource();

    public Task NextChange => _next.Task;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var socket = Netlink.Open();
        var buffer = new byte[64 << 10];
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                var count = await socket.ReceiveAsync(buffer, SocketFlags.None, stoppingToken);
                if (IsNews(buffer.AsSpan(0, count)))
                {
                    Announce();
                }
            }
            catch (SocketException exception) when (exception.SocketErrorCode == SocketError.NoBufferSpaceAvailable)
            {
                // More happened than the kernel could queue: certainly news.
                Announce();
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static bool IsNews(ReadOnlySpan<byte> message) =>
        message.Length >= Header && BinaryPrimitives.ReadUInt16LittleEndian(message[4..]) is >= FirstNews and <= LastNews;

    private void Announce()
    {
        logger.NetworkChanged();
        var before = _next;
        _next = NewSource();
        before.SetResult();
    }
}
