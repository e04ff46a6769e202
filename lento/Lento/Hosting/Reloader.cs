// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;
using InterMezzo.Configuration;

namespace InterMezzo.Lento.Hosting;

/// <summary>Reads the configuration again: when intermezzo-ctl asks, or on SIGHUP.</summary>
internal sealed class Reloader(ConfigurationFiles files, FilesetRegistry filesets, ILogger<Reloader> logger) : IHostedService, IDisposable
{
    private PosixSignalRegistration? _hangUp;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, context =>
        {
            context.Cancel = true;
            _ = ReloadAsync(CancellationToken.None);
        });
        return Task.CompletedTask;
    }

    /// <summary>A configuration that is wrong changes nothing.</summary>
    public async Task<ReloadResult> ReloadAsync(CancellationToken cancellationToken)
    {
        try
        {
            var result = await filesets.ReloadAsync(ConfigurationReader.Read(files), cancellationToken);
            logger.Reloaded(result.Changes.Count == 0 ? "nothing to do" : string.Join("; ", result.Changes));
            result.Problems.ForEach(problem => logger.ReloadFailed(problem));
            return result;
        }
        catch (ConfigurationException exception)
        {
            logger.ReloadFailed(exception.Message);
            return new ReloadResult([], [exception.Message]);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _hangUp?.Dispose();
}
