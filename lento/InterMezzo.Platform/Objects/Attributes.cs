// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;

namespace InterMezzo.Platform;

/// <summary>Between struct statx and struct kml_attr.</summary>
internal static class Attributes
{
    private const AttrValid All = AttrValid.Mode | AttrValid.Uid | AttrValid.Gid | AttrValid.Size | AttrValid.AccessTime |
        AttrValid.ModifyTime | AttrValid.ChangeTime | AttrValid.Device | AttrValid.Links;

    internal static KmlAttr FromStat(in Interop.Sys.StatXData stat) => new()
    {
        Valid = All,
        Mode = stat.Mode,
        Uid = stat.Uid,
        Gid = stat.Gid,
        Major = stat.RdevMajor,
        Minor = stat.RdevMinor,
        Size = stat.Size,
        AccessTime = ToTime(stat.AccessTime),
        ModifyTime = ToTime(stat.ModifyTime),
        ChangeTime = ToTime(stat.ChangeTime),
        Links = stat.Links,
    };

    internal static KmlTime ToTime(in Interop.Sys.StatXTime time) => new(time.Seconds, time.Nanoseconds);

    /// <summary>The times that are valid; the others stay as they are.</summary>
    internal static Interop.Sys.TimeSpecs ToTimes(in KmlAttr attr) => new()
    {
        AccessSeconds = attr.AccessTime.Seconds,
        AccessNanoseconds = attr.Has(AttrValid.AccessTime) ? attr.AccessTime.Nanoseconds : Interop.Sys.UtimeOmit,
        ModifySeconds = attr.ModifyTime.Seconds,
        ModifyNanoseconds = attr.Has(AttrValid.ModifyTime) ? attr.ModifyTime.Nanoseconds : Interop.Sys.UtimeOmit,
    };
}
