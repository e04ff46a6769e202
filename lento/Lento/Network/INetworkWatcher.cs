// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Lento.Network;

/// <summary>Tells that a link, an address or a route came or went.</summary>
internal interface INetworkWatcher
{
    /// <summary>Completes at the next change. Who wants to miss none takes it before he tries to connect.</summary>
    Task NextChange { get; }
}
