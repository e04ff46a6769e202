// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Ctl;

/// <summary>What the program ends with; documented in --help, never changed.</summary>
internal static class ExitCode
{
    public const int Done = 0;
    public const int Error = 1;
    public const int Usage = 2;
    public const int NotInSync = 3;
    public const int NotRunning = 4;
    public const int Different = 5;

    public const string Help =
        "Exit code: 0 done, 1 error (the message says what to do), 2 wrong usage, 3 not in sync, 4 lento isn't running, 5 the versions differ (conflicts diff).";
}
