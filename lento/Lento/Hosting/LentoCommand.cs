// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Configuration;

namespace InterMezzo.Lento.Hosting;

internal static class LentoCommand
{
    public static async Task<int> RunAsync(ConfigurationFiles files, bool verbose, bool check)
    {
        try
        {
            if (check)
            {
                ConfigurationReader.Read(files);
            }
            else
            {
                await Daemon.RunAsync(files, verbose);
            }

            return 0;
        }
        catch (ConfigurationException exception)
        {
            await Console.Error.WriteLineAsync($"lento: {exception.Message}");
            return 1;
        }
    }
}
