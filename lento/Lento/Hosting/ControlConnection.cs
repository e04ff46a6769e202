// SPDX-License-Identifier: GPL-2.0-or-later
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace InterMezzo.Lento.Hosting;

/// <summary>
/// Marks what belongs to the Unix socket: connections that came through it, and the service that is reached through it
/// alone. A peer never sees the control service, nor does a local user without a key the replication service.
/// </summary>
internal sealed class ControlConnection
{
    private static readonly ControlConnection s_mark = new();

    /// <summary>For the endpoints of a service.</summary>
    public static object Only => s_mark;

    /// <summary>For the connections of a listener.</summary>
    public static void Mark(ListenOptions listen) => listen.Use(next => connection =>
    {
        connection.Features.Set(s_mark);
        return next(connection);
    });

    public static Task GuardAsync(HttpContext context, RequestDelegate next)
    {
        var wanted = context.GetEndpoint()?.Metadata.GetMetadata<ControlConnection>();
        if (wanted == context.Features.Get<ControlConnection>())
        {
            return next(context);
        }

        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }
}
