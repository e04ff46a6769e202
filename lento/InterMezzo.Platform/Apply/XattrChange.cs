// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Replication.Ports;

namespace InterMezzo.Platform;

/// <param name="Name">Of the xattr.</param>
/// <param name="Value">Null: it goes.</param>
internal readonly record struct XattrChange(byte[] Name, byte[]? Value)
{
    /// <summary>What makes the xattrs that are here those that are wanted. This machine's security labels stay.</summary>
    internal static List<XattrChange> Between(IReadOnlyList<Xattr> present, IReadOnlyList<Xattr> wanted)
    {
        var changes = new List<XattrChange>();
        foreach (var xattr in present)
        {
            if (!xattr.Name.AsSpan().StartsWith("security."u8) && Find(wanted, xattr.Name) is null)
            {
                changes.Add(new XattrChange(xattr.Name, null));
            }
        }

        foreach (var xattr in wanted)
        {
            if (!XattrRules.IsOurs(xattr.Name) && !(Find(present, xattr.Name)?.AsSpan().SequenceEqual(xattr.Value) ?? false))
            {
                changes.Add(new XattrChange(xattr.Name, xattr.Value));
            }
        }

        return changes;
    }

    private static byte[]? Find(IReadOnlyList<Xattr> all, byte[] name)
    {
        foreach (var xattr in all)
        {
            if (xattr.Name.AsSpan().SequenceEqual(name))
            {
                return xattr.Value;
            }
        }

        return null;
    }
}
