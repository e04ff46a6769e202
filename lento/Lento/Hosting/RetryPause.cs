// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Lento.Hosting;

/// <summary>
/// How long a fileset that is out of order stays alone: longer each time, for an attempt may cost a walk through the
/// server's tree; but no longer than there is no room, which is cheap to look for.
/// </summary>
internal sealed class RetryPause(TimeProvider time)
{
    private static readonly TimeSpan s_first = TimeSpan.FromSeconds(1), s_last = TimeSpan.FromMinutes(5), s_look = TimeSpan.FromSeconds(1);

    /// <summary>Less is used up before anything is gained by it.</summary>
    private const long MinGain = 1 << 20;

    /// <summary>How long the next pause is at most.</summary>
    public TimeSpan Next { get; private set; } = s_first;

    /// <summary>It went well for this long.</summary>
    public void Ran(TimeSpan duration)
    {
        if (duration > Next)
        {
            Next = s_first;
        }
    }

    /// <param name="full">A directory whose file system has no room; null: something else is awaited.</param>
    /// <param name="cancellationToken">Ends it early.</param>
    public async Task WaitAsync(string? full, CancellationToken cancellationToken)
    {
        var (left, room) = (Next, RoomAt(full));
        Next = Next * 2 < s_last ? Next * 2 : s_last;
        while (left > TimeSpan.Zero && !HasGrown(room, RoomAt(full)))
        {
            var step = left < s_look ? left : s_look;
            await Task.Delay(step, time, cancellationToken);
            left -= step;
        }
    }

    private static bool HasGrown(long before, long now) => now >= before + Math.Max(before, MinGain);

    private static long RoomAt(string? directory)
    {
        try
        {
            return directory is null ? 0 : new DriveInfo(directory).AvailableFreeSpace;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Unmounted meanwhile, maybe: the next attempt tells.
            return 0;
        }
    }
}
