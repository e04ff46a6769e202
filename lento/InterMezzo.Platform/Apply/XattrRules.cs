// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Platform;

internal static class XattrRules
{
    /// <summary>Identity doesn't travel as an attribute, and no peer sets it.</summary>
    internal static bool IsOurs(ReadOnlySpan<byte> name) => name.StartsWith(FidXattr.Prefix) || name.Contains((byte)0) || name.Length is 0 or > Names.MaxLength;

    /// <summary>
    /// What a security module of another machine has written may be refused here, and a file system may lack a whole
    /// namespace: the object is replicated without.
    /// </summary>
    internal static bool MayFail(ReadOnlySpan<byte> name, int result) =>
        result == -Errno.EOPNOTSUPP || (result < 0 && name.StartsWith("security."u8) && result is -Errno.EPERM or -Errno.EINVAL or -Errno.EACCES);
}
