// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace InterMezzo.Platform;

/// <summary>A system call failed where nothing but its failing can be told.</summary>
public sealed class SysException : IOException
{
    internal SysException(int errno, string call, string subject)
        : base($"{call} {subject}: {Marshal.GetPInvokeErrorMessage(errno)} (errno {errno})")
    {
        Error = errno;
        Call = call;
        Subject = subject;
    }

    public int Error { get; }

    public string Call { get; }

    /// <summary>What it was done to.</summary>
    public string Subject { get; }

    /// <summary>There is no room; it may be tried again when there is.</summary>
    public bool IsDiskFull => Error is Errno.ENOSPC or Errno.EDQUOT;

    internal static long Check(long result, string call, string subject) => result >= 0 ? result : Throw((int)-result, call, subject);

    internal static int Check(int result, string call, string subject) => result >= 0 ? result : Throw(-result, call, subject);

    internal static int Check(int result, string call, ReadOnlySpan<byte> name) =>
        result >= 0 ? result : Throw(-result, call, Names.Show(name));

    [DoesNotReturn]
    private static int Throw(int errno, string call, string subject) => throw new SysException(errno, call, subject);
}
