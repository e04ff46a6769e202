// SPDX-License-Identifier: GPL-2.0-or-later
using System.Buffers.Binary;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace InterMezzo.Lento.Network;

/// <summary>
/// A routing socket (rtnetlink(7)) that hears of links, addresses and routes. .NET's sockets don't know the family, so
/// it is opened by hand; from there on the runtime reads it like any other, and nothing wakes up until there is news.
/// </summary>
internal static partial class Netlink
{
    private const int Family = 16;          // AF_NETLINK
    private const int RawCloseOnExec = 0x80003;
    private const int Route = 0;            // NETLINK_ROUTE
    private const uint Groups = 0x1 | 0x10 | 0x40 | 0x100 | 0x400;  // RTMGRP_LINK, IPV4_IFADDR, IPV4_ROUTE, IPV6_IFADDR, IPV6_ROUTE

    public static Socket Open()
    {
        var fd = OpenSocket(Family, RawCloseOnExec, Route);
        if (fd < 0)
        {
            throw new SocketException(Marshal.GetLastPInvokeError());
        }

        var handle = new SafeSocketHandle(fd, ownsHandle: true);
        Span<byte> address = stackalloc byte[12];
        BinaryPrimitives.WriteUInt16LittleEndian(address, Family);
        BinaryPrimitives.WriteUInt32LittleEndian(address[8..], Groups);
        if (Bind(handle, address, address.Length) < 0)
        {
            var error = Marshal.GetLastPInvokeError();
            handle.Dispose();
            throw new SocketException(error);
        }

        return new Socket(handle);
    }

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial int OpenSocket(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    private static partial int Bind(SafeSocketHandle socket, ReadOnlySpan<byte> address, int length);
}
