// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Platform;

/// <summary>A simulated machine has one mount, and its device.</summary>
internal static class MountCheck
{
    internal static void Demand(string mount, string device, string fileset, string mounted)
    {
        if (mounted != fileset)
        {
            throw new IOException($"{mount}, {device}: fileset \"{mounted}\", not \"{fileset}\"");
        }
    }
}
