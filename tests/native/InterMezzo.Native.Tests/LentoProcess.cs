// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics;
using NUnit.Framework;

namespace InterMezzo.Native.Tests;

/// <summary>A daemon that runs, and all that it says.</summary>
internal sealed class LentoProcess : IDisposable
{
    /// <summary>Whatever a daemon is waited for to say, it says within this, however busy the machine is.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    private readonly Process _process;
    private readonly Task _reading;
    private readonly Lock _gate = new();

    // guarded by _gate
    private readonly List<string> _lines = [];
    private TaskCompletionSource _more = NewSource();

    public LentoProcess(Process process)
    {
        _process = process;
        _reading = ReadAsync();
    }

    public int Id => _process.Id;

    public int ExitCode => _process.ExitCode;

    public bool HasExited => _process.HasExited;

    /// <summary>The lines until now.</summary>
    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_gate)
            {
                return [.. _lines];
            }
        }
    }

    public string Log => string.Join('\n', Lines);

    /// <summary>Returns as soon as there is a line with one of the texts, not before the line <paramref name="from"/>; the number of the line behind it.</summary>
    public async Task<int> SaysAsync(int from, params string[] texts)
    {
        var text = string.Join("\" or \"", texts);
        using var timeout = new CancellationTokenSource(s_patience);
        while (true)
        {
            Task more;
            lock (_gate)
            {
                if (_lines.FindIndex(from, line => texts.Any(each => line.Contains(each, StringComparison.Ordinal))) is >= 0 and var found)
                {
                    return found + 1;
                }

                more = _more.Task;
            }

            try
            {
                if (_reading.IsCompleted)
                {
                    Assert.Fail($"lento has ended without saying \"{text}\", but:\n{Log}");
                }

                await Task.WhenAny(more, _reading).WaitAsync(timeout.Token);
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"lento doesn't say \"{text}\", but:\n{Log}");
            }
        }
    }

    public Task<int> SaysAsync(string text) => SaysAsync(0, text);

    /// <summary>kill -9. Returns when it is gone.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await EndAsync();
    }

    /// <summary>As the service manager does it. Returns when it is gone.</summary>
    public async Task StopAsync()
    {
        await SignalAsync("TERM");
        await EndAsync();
    }

    public async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", $"{Id}"]);
        await kill.WaitForExitAsync();
    }

    /// <summary>Returns when it is gone and all it said is here.</summary>
    public async Task EndAsync()
    {
        await _process.WaitForExitAsync();
        await _reading;
    }

    public void Dispose() => _process.Dispose();

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task ReadAsync()
    {
        while (await _process.StandardError.ReadLineAsync() is { } line)
        {
            TaskCompletionSource more;
            lock (_gate)
            {
                _lines.Add(line);
                (more, _more) = (_more, NewSource());
            }

            more.SetResult();
        }
    }
}
