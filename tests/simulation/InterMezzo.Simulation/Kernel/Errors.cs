// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Simulation.Kernel;

/// <summary>Error numbers, as the calls here return them.</summary>
internal static class Errors
{
    public const int NotPermitted = -1;
    public const int NoEntry = -2;
    public const int BadDescriptor = -9;
    public const int Again = -11;
    public const int Busy = -16;
    public const int Exists = -17;
    public const int CrossDevice = -18;
    public const int NotDirectory = -20;
    public const int IsDirectory = -21;
    public const int Invalid = -22;
    public const int NoTerminal = -25;
    public const int Range = -34;
    public const int NotEmpty = -39;
    public const int NoData = -61;
    public const int NotSupported = -95;
    public const int Stale = -116;
}
