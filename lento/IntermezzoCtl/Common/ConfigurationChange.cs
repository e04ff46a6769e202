// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Configuration;
using InterMezzo.Protocol.Control;

namespace InterMezzo.Ctl;

/// <summary>Changes one file of the configuration, and has the daemon take it up.</summary>
internal static class ConfigurationChange
{
    /// <summary>The file is put back if the whole isn't right with it.</summary>
    public static void Make(ConfigurationFiles files, string path, Action change)
    {
        var before = File.Exists(path) ? File.ReadAllBytes(path) : null;
        change();
        try
        {
            ConfigurationReader.Read(files);
        }
        catch (ConfigurationException)
        {
            PutBack(path, before);
            throw;
        }
    }

    public static async Task<int> TakeUpAsync(ConfigurationFiles files, CancellationToken cancellationToken)
    {
        ReloadReply reply;
        try
        {
            using var daemon = DaemonClient.Connect(files);
            reply = await daemon.Control.ReloadAsync(new ReloadRequest(), cancellationToken: cancellationToken);
        }
        catch (NotRunningException)
        {
            Console.WriteLine("lento isn't running; it takes this up when it starts.");
            return ExitCode.Done;
        }

        foreach (var change in reply.Changes)
        {
            Console.WriteLine($"lento: {change}");
        }

        foreach (var problem in reply.Problems)
        {
            await Console.Error.WriteLineAsync($"intermezzo-ctl: lento doesn't take it up: {problem}");
        }

        return reply.Problems.Count == 0 ? ExitCode.Done : ExitCode.Error;
    }

    private static void PutBack(string path, byte[]? before)
    {
        if (before is null)
        {
            File.Delete(path);
        }
        else
        {
            File.WriteAllBytes(path, before);
        }
    }
}
