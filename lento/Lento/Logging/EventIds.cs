// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Lento;

/// <summary>
/// Numbers of messages, by thousands: 1000 the daemon, 2000 the network, 3000 replication (ReplicationLog). A number is
/// never used again for something else.
/// </summary>
internal static class EventIds
{
    // The daemon; next 1010.
    public const int Starting = 1000;
    public const int Ready = 1001;
    public const int Stopping = 1002;
    public const int FilesetStarted = 1003;
    public const int FilesetStopped = 1004;
    public const int Reloaded = 1005;
    public const int ReloadFailed = 1006;
    public const int NotifyFailed = 1007;
    public const int FilesetFailed = 1008;
    public const int FilesetGoesOn = 1009;

    // The network; next 2003. 2001 was a peer's wrong key, which is a reason why it can't be reached.
    public const int NetworkChanged = 2000;
    public const int UnknownKey = 2002;
}
