// SPDX-License-Identifier: GPL-2.0-or-later
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace InterMezzo.Lento.Hosting;

/// <summary>
/// The web server looks at each connection once a second, and each look wakes a thread of the pool. A connection of ours
/// is silent for hours, and what the look is for are timeouts of half a minute and more: it may be rarer.
/// </summary>
internal sealed class RareHeartbeat(IConnectionHeartbeatFeature everySecond) : IConnectionHeartbeatFeature
{
    /// <summary>Half of the shortest timeout, that of a request's headers.</summary>
    private const int Seconds = 15;

    /// <summary>For the connections of a listener; to be called before what makes requests of them.</summary>
    public static void Use(ListenOptions listen) => listen.Use(next => connection =>
    {
        if (connection.Features.Get<IConnectionHeartbeatFeature>() is { } everySecond)
        {
            connection.Features.Set<IConnectionHeartbeatFeature>(new RareHeartbeat(everySecond));
        }

        return next(connection);
    });

    public void OnHeartbeat(Action<object> action, object state)
    {
        var seconds = 0;
        everySecond.OnHeartbeat(
            known =>
            {
                if (++seconds % Seconds == 0)
                {
                    action(known);
                }
            },
            state);
    }
}
