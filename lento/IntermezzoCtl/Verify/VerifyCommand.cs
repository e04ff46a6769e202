// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Configuration;
using InterMezzo.Protocol.Control;

namespace InterMezzo.Ctl;

internal static class VerifyCommand
{
    public static async Task<int> RunAsync(ConfigurationFiles files, string fileset, bool json, CancellationToken cancellationToken)
    {
        using var daemon = DaemonClient.Connect(files);
        using var call = daemon.Control.VerifyAsync(new VerifyRequest { Fileset = fileset }, cancellationToken: cancellationToken);
        if (!json && !Console.IsErrorRedirected)
        {
            await ProgressLine.ShowAsync(daemon.Control, call.ResponseAsync, cancellationToken);
        }

        var reply = await call.ResponseAsync;
        if (json)
        {
            CtlJson.Print(new VerifyOutput(reply.Looked, reply.Told, reply.Listed), CtlJson.Default.VerifyOutput);
        }
        else
        {
            Console.WriteLine(
                $"{fileset}: {Amount.Of(reply.Looked)} objects looked at, {Amount.Of(reply.Told)} names told to the journal, {Amount.Of(reply.Listed)} directories listed.");
        }

        return ExitCode.Done;
    }
}

internal sealed record VerifyOutput(ulong ObjectsLookedAt, ulong NamesTold, ulong DirectoriesListed);
