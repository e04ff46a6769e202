// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics;
using System.Reflection;
using NUnit.Framework;

namespace InterMezzo.Native.Tests;

/// <summary>What a program said before it ended.</summary>
internal sealed record Ended(int Code, string Output, string Errors);

/// <summary>
/// The programs under test: those named by LENTO and INTERMEZZO_CTL (the published ones), or those built with the
/// tests.
/// </summary>
internal static class Programs
{
    /// <summary>Nothing that ends by itself takes this long, however busy the machine is.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    public static string Lento { get; } = Find("LENTO", "lento");

    public static string Ctl { get; } = Find("INTERMEZZO_CTL", "intermezzo-ctl");

    public static Process Start(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        start.Environment.Remove("NOTIFY_SOCKET");
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    public static async Task<Ended> RunAsync(string program, params IEnumerable<string> arguments)
    {
        using var process = Start(program, arguments);
        return await EndOfAsync(process);
    }

    /// <summary>A program that doesn't end in time is killed, and the test fails.</summary>
    public static async Task<Ended> EndOfAsync(Process process, TimeSpan? patience = null)
    {
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        using var timeout = new CancellationTokenSource(patience ?? s_patience);
        try
        {
            await process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            Assert.Fail($"{process.StartInfo.FileName} didn't end; it said: {await output}{await errors}");
        }

        return new Ended(process.ExitCode, await output, await errors);
    }

    private static string Find(string variable, string name) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } path ? path
        : typeof(Programs).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(program => program.Key == name).Value!;
}
