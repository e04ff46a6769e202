// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics;
using NUnit.Framework;

namespace InterMezzo.Native.Tests;

/// <summary>A file system of its own that is soon full.</summary>
internal sealed class SmallDisk : IDisposable
{
    private readonly string? _image;

    private SmallDisk(string path, string? image) => (Path, _image) = (path, image);

    public string Path { get; }

    /// <summary>Where something is that takes the room.</summary>
    private string Ballast => System.IO.Path.Combine(Path, "ballast");

    /// <param name="type">tmpfs or ext4.</param>
    /// <param name="path">A directory to mount it on.</param>
    /// <param name="megabytes">Its size.</param>
    public static SmallDisk Mount(string type, string path, int megabytes)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            const string Reason = "mounting needs root";
            if (Environment.GetEnvironmentVariable("CI") is { Length: > 0 })
            {
                Assert.Fail(Reason);
            }

            Assert.Ignore(Reason);
        }

        if (type == "tmpfs")
        {
            Run("mount", "-t", "tmpfs", "-o", $"size={megabytes}M", "tmpfs", path);
            return new SmallDisk(path, null);
        }

        var image = path + ".img";
        using (var file = File.Create(image))
        {
            file.SetLength((long)megabytes << 20);
        }

        Run("mkfs." + type, "-q", image);
        Run("mount", "-o", "loop", image, path);
        return new SmallDisk(path, image);
    }

    /// <summary>Takes all the room but so much.</summary>
    public void Fill(int leaveKilobytes)
    {
        using var file = new FileStream(Ballast, FileMode.Append, FileAccess.Write, FileShare.None, bufferSize: 0);
        var block = new byte[4096];
        while (new DriveInfo(Path).AvailableFreeSpace > (long)leaveKilobytes << 10)
        {
            file.Write(block);
        }

        file.Flush(flushToDisk: true);
    }

    /// <summary>Gives back what was taken.</summary>
    public void Free() => File.Delete(Ballast);

    public void Dispose()
    {
        // Daemons may still work there: it is gone when they are.
        Run("umount", "-l", Path);
        if (_image is not null)
        {
            File.Delete(_image);
        }
    }

    private static void Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new IOException($"{program} {string.Join(' ', arguments)}: {errors}");
        }
    }
}
