// SPDX-License-Identifier: GPL-2.0-or-later
using System.Buffers.Binary;
using System.Net.Sockets;

namespace InterMezzo.Lento.Network;

/// <summary>
/// A peer that has become silent is given up after a while. The kernel watches the connection (tcp(7)), so no process
/// wakes up for it, on either side, as long as all is well.
/// </summary>
internal static class SilentPeer
{
    private const int Tcp = 6;              // IPPROTO_TCP
    private const int UserTimeout = 18;     // TCP_USER_TIMEOUT

    /// <summary>
    /// TCP alone would wait for hours, or for a quarter of an hour if there is something to send; a link that is plugged
    /// in again within seconds should not cost a new connection.
    /// </summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    /// <summary>Nothing was heard for so long: the peer is asked whether it is there, again and again.</summary>
    private static readonly TimeSpan s_silence = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan s_again = TimeSpan.FromSeconds(1);

    /// <summary>For a connection; or for a socket that listens, on behalf of all that it will accept.</summary>
    public static void GiveUp(Socket socket)
    {
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, (int)s_silence.TotalSeconds);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, (int)s_again.TotalSeconds);
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);

        // Also while there is something to send, when nobody asks; and it overrides the number of unanswered questions.
        Span<byte> milliseconds = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(milliseconds, (int)s_patience.TotalMilliseconds);
        socket.SetRawSocketOption(Tcp, UserTimeout, milliseconds);
    }
}
