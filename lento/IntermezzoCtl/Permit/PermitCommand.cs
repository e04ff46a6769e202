// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Configuration;
using InterMezzo.Protocol.Control;

namespace InterMezzo.Ctl;

internal static class PermitCommand
{
    public static async Task<int> RunAsync(
        ConfigurationFiles files, string fileset, PermitRequest.Types.Action action, bool json, CancellationToken cancellationToken)
    {
        using var daemon = DaemonClient.Connect(files);
        var reply = await daemon.Control.PermitAsync(new PermitRequest { Fileset = fileset, Action = action }, cancellationToken: cancellationToken);
        if (json)
        {
            CtlJson.Print(new PermitOutput(reply.Holder == 0 ? null : reply.Name, reply.Here, reply.HeldMs, reply.Wanting), CtlJson.Default.PermitOutput);
        }
        else if (action == PermitRequest.Types.Action.Show)
        {
            Console.WriteLine($"{fileset}: {TextOf(reply)}");
        }

        return ExitCode.Done;
    }

    private static string TextOf(PermitReply reply)
    {
        var held = reply.HeldMs > 0 ? $", for {TimeSpan.FromMilliseconds(reply.HeldMs).TotalSeconds:0.0} s" : "";
        var wanting = reply.Wanting.Count > 0 ? $"; {string.Join(", ", reply.Wanting)} waits for it" : "";
        return reply.Holder == 0 ? "this machine doesn't have the write permit, or needs none"
            : $"{(reply.Here ? "this machine" : reply.Name)} has the write permit{held}{wanting}";
    }
}

/// <param name="Holder">The machine's name; null: not this one, or nobody needs one.</param>
/// <param name="Here">It is this machine.</param>
/// <param name="HeldMs">At the server: so long.</param>
/// <param name="Wanting">At the server: who waits for it.</param>
internal sealed record PermitOutput(string? Holder, bool Here, long HeldMs, IReadOnlyList<string> Wanting);
