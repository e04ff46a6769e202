// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Configuration;

namespace InterMezzo.Lento.Hosting;

/// <summary>
/// One lento at a time works with a state directory. The lock (flock(2), by FileShare.None) goes with the process,
/// however it ends.
/// </summary>
internal static class StateLock
{
    public static IDisposable Take(string state)
    {
        var path = Path.Combine(state, "lock");
        try
        {
            Directory.CreateDirectory(state);
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException exception) when (IsHeld(exception))
        {
            throw new ConfigurationException($"{path}: another lento works with this state directory; stop it, or give this one its own node.state");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"{state}: can't be written: {exception.Message}; run lento as root, or name another directory by node.state");
        }
    }

    /// <summary>EWOULDBLOCK: the runtime passes the errno on.</summary>
    private static bool IsHeld(IOException exception) => exception.HResult == 11;
}
