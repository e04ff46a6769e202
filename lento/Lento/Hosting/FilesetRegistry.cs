// SPDX-License-Identifier: GPL-2.0-or-later
using System.Collections.Concurrent;
using InterMezzo.Configuration;
using InterMezzo.Lento.Control;
using InterMezzo.Lento.Network;
using Microsoft.Data.Sqlite;

namespace InterMezzo.Lento.Hosting;

/// <summary>The filesets that run. Starts them before anybody can connect, ends them before connections are closed.</summary>
internal sealed class FilesetRegistry(
    LentoConfiguration configuration, PeerDirectory peers, FilesetFactory factory, TimeProvider time, ILogger<FilesetRegistry> logger) : IHostedLifecycleService, IDisposable
{
    private readonly ConcurrentDictionary<string, KeptFileset> _filesets = new(StringComparer.Ordinal);

    // Held while filesets are started and stopped; readers of _filesets don't need it.
    private readonly SemaphoreSlim _changing = new(1, 1);

    // guarded by _changing
    private LentoConfiguration _configuration = configuration;

    public IReadOnlyList<IFileset> All => [.. _filesets.Values.OrderBy(fileset => fileset.Configuration.Name, StringComparer.Ordinal)];

    public KeptFileset? Find(string name) => _filesets.GetValueOrDefault(name);

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var fileset in _configuration.Filesets)
        {
            await StartAsync(fileset);
        }
    }

    public Task StoppingAsync(CancellationToken cancellationToken)
    {
        logger.Stopping();
        return Task.WhenAll(_filesets.Keys.Select(StopAsync));
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Takes up a changed configuration: only what it changes for is restarted.</summary>
    public async Task<ReloadResult> ReloadAsync(LentoConfiguration fresh, CancellationToken cancellationToken)
    {
        await _changing.WaitAsync(cancellationToken);
        try
        {
            var result = new ReloadResult([], []);
            if (fresh.Node != _configuration.Node)
            {
                result.Problems.Add("[node] has changed: restart lento (`systemctl restart lento`) for that");
            }

            var plan = ReloadPlan.Make(_configuration, fresh, _filesets.ContainsKey);
            peers.Replace(fresh.Peers);
            _configuration = fresh with { Node = _configuration.Node };
            await Task.WhenAll(plan.Stop.Select(StopAsync));
            result.Changes.AddRange(plan.Describe());
            foreach (var fileset in plan.Start)
            {
                await TryStartAsync(fileset, result);
            }

            return result;
        }
        finally
        {
            _changing.Release();
        }
    }

    public void Dispose() => _changing.Dispose();

    private async Task TryStartAsync(FilesetConfiguration fileset, ReloadResult result)
    {
        try
        {
            await StartAsync(fileset);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ConfigurationException)
        {
            result.Problems.Add(exception.Message);
        }
    }

    private async Task StartAsync(FilesetConfiguration fileset)
    {
        try
        {
            FilesetChecks.Check(fileset);
            var kept = new KeptFileset(fileset, factory, time, logger);
            await kept.StartAsync();
            _filesets[fileset.Name] = kept;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or SqliteException)
        {
            throw new ConfigurationException($"fileset \"{fileset.Name}\": {exception.Message}{FilesetChecks.HintOf(fileset)}");
        }

        logger.FilesetStarted(fileset.Name, Syntax.Text(fileset.Role), fileset.Mount);
    }

    private async Task StopAsync(string name)
    {
        if (_filesets.TryRemove(name, out var fileset))
        {
            await fileset.DisposeAsync();
            logger.FilesetStopped(name);
        }
    }
}

/// <param name="Changes">What was taken up.</param>
/// <param name="Problems">What was not, and what to do.</param>
internal sealed record ReloadResult(List<string> Changes, List<string> Problems);
