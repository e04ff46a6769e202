// SPDX-License-Identifier: GPL-2.0-or-later
using Google.Protobuf;
using InterMezzo.Protocol.Replication;

namespace InterMezzo.Simulation.Network;

internal static class Messages
{
    private static readonly Dictionary<Type, MessageParser> s_parsers = new()
    {
        [typeof(ClientMessage)] = ClientMessage.Parser,
        [typeof(ServerMessage)] = ServerMessage.Parser,
        [typeof(SnapshotRequest)] = SnapshotRequest.Parser,
        [typeof(SnapshotItem)] = SnapshotItem.Parser,
        [typeof(FetchRequest)] = FetchRequest.Parser,
        [typeof(FetchItem)] = FetchItem.Parser,
    };

    public static object Parse(Type type, byte[] bytes) => s_parsers[type].ParseFrom(bytes);
}
