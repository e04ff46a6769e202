// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;

namespace InterMezzo.Ctl;

/// <summary>Operations and flags by their names. They are read by programs: they don't change.</summary>
internal static class RecordWords
{
    public static string Of(Op op) => op switch
    {
        Op.Pad => "pad",
        Op.Create => "create",
        Op.Mkdir => "mkdir",
        Op.Symlink => "symlink",
        Op.Mknod => "mknod",
        Op.Link => "link",
        Op.Unlink => "unlink",
        Op.Rmdir => "rmdir",
        Op.Rename => "rename",
        Op.SetAttr => "setattr",
        Op.SetXattr => "setxattr",
        Op.RemoveXattr => "removexattr",
        Op.Dirty => "dirty",
        Op.Close => "close",
        Op.Enter => "enter",
        Op.Leave => "leave",
        Op.Mark => "mark",
        Op.Mount => "mount",
        Op.List => "list",
        _ => "umount",
    };

    public static IEnumerable<string> Of(RecordFlags flags, bool isVoid)
    {
        foreach (var (flag, word) in s_flags)
        {
            if ((flags & flag) != 0)
            {
                yield return word;
            }
        }

        if (isVoid)
        {
            yield return "void";
        }
    }

    public static string Replica(ulong replica) => replica == 0 ? "self" : Amount.Replica(replica);

    public static string Of(Fid fid) => $"{(fid.Replica == 0 ? "self" : fid.Replica.ToString("x", System.Globalization.CultureInfo.InvariantCulture))}.{fid.Ino}.{fid.Gen}";

    public static string Of(KmlTime time)
    {
        // 1 s beyond DateTimeOffset's range is beyond what ext4 can store.
        var seconds = Math.Clamp(time.Seconds, DateTimeOffset.MinValue.ToUnixTimeSeconds(), DateTimeOffset.MaxValue.ToUnixTimeSeconds());
        return $"{DateTimeOffset.FromUnixTimeSeconds(seconds).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss", System.Globalization.CultureInfo.InvariantCulture)}.{time.Nanoseconds:d9}Z";
    }

    private static readonly (RecordFlags Flag, string Word)[] s_flags =
    [
        (RecordFlags.Applied, "applied"),
        (RecordFlags.Partial, "partial"),
        (RecordFlags.Recovered, "recovered"),
        (RecordFlags.Open, "open"),
        (RecordFlags.Whole, "whole"),
        (RecordFlags.Tmpfile, "tmpfile"),
        (RecordFlags.Directory, "directory"),
        (RecordFlags.Attr, "attributes"),
        (RecordFlags.Marked, "marked"),
    ];
}
