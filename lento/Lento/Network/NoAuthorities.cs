// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;

namespace InterMezzo.Lento.Network;

/// <summary>
/// Peers are known by their keys, and no authority vouches for anybody. The runtime would read the machine's list of
/// authorities all the same, at the first connection: tens of milliseconds, seconds on a slow machine.
/// </summary>
internal static partial class NoAuthorities
{
    /// <summary>To be called before the first connection. (OpenSSL's variables; the runtime reads them in native code.)</summary>
    public static void Trust()
    {
        foreach (var variable in (ReadOnlySpan<string>)["SSL_CERT_FILE", "SSL_CERT_DIR"])
        {
            if (SetEnvironment(variable, "/dev/null", 1) != 0)
            {
                throw new IOException($"setenv {variable}: {Marshal.GetLastPInvokeErrorMessage()}");
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "setenv", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironment(string name, string value, int overwrite);
}
