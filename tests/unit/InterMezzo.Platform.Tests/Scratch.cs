// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics;
using System.Globalization;

namespace InterMezzo.Platform.Tests;

/// <summary>A directory for one test, on a disk (ext4 where the tests are made) or in memory (tmpfs).</summary>
internal sealed class Scratch : IDisposable
{
    internal Scratch(string where)
    {
        Path = Directory.CreateTempSubdirectory("intermezzo-platform-").FullName;
        if (where != "tmp")
        {
            Directory.Delete(Path);
            Path = System.IO.Path.Combine(where, System.IO.Path.GetFileName(Path));
            Directory.CreateDirectory(Path);
        }
    }

    internal string Path { get; }

    internal string At(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>What a shell command prints.</summary>
    internal static string Sh(string command)
    {
        using var process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", command]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = process.StandardOutput.ReadToEnd();
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output.TrimEnd('\n') : throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"{command}: {error}"));
    }

    public void Dispose() => Sh($"rm -rf '{Path}'");
}
