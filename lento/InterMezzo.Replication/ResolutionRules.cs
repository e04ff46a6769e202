// SPDX-License-Identifier: GPL-2.0-or-later
using InterMezzo.Journal;
using InterMezzo.Replication.Ports;

namespace InterMezzo.Replication;

/// <summary>What the user wants of a conflict.</summary>
public enum Keep
{
    /// <summary>What is in the tree stays.</summary>
    Ours,

    /// <summary>The kept version takes its place in the tree.</summary>
    Theirs,

    /// <summary>The kept version enters the tree beside what is there.</summary>
    Both,

    /// <summary>The content of a file becomes the content.</summary>
    File,
}

/// <summary>What something is, as far as it matters for taking its place.</summary>
public enum Shape
{
    Nothing,
    File,
    Directory,

    /// <summary>A symlink, a device, a fifo, a socket.</summary>
    Other,
}

/// <summary>What is done to the tree; then what was kept goes.</summary>
public enum Resolution
{
    /// <summary>It can't be done; see the reason.</summary>
    Refused,

    /// <summary>Nothing.</summary>
    Drop,

    /// <summary>The kept version gets the name, which is free.</summary>
    Enter,

    /// <summary>It replaces what has the name, another object.</summary>
    Replace,

    /// <summary>
    /// The file in the tree gets the content of the kept version of it, and stays as it is otherwise: what was set on it by
    /// either side, mode, owner and xattrs, has come together, or is a conflict of its own.
    /// </summary>
    Take,

    /// <summary>It gets a free name in the same directory.</summary>
    Beside,

    /// <summary>The updates that lost are done again.</summary>
    Redo,

    /// <summary>The file in the tree gets new content, and stays as it is otherwise.</summary>
    Write,

    /// <summary>The kept version gets new content, and the name, which is free.</summary>
    EnterWritten,
}

/// <summary>What a user's choice means for a conflict. Whatever makes no sense is refused, and it is said why.</summary>
public static class ResolutionRules
{
    private const string NothingKept = "no version of it is kept, only an update that was not applied (`conflicts show` tells which): it can't stand beside anything";
    private const string GoneKept = "nothing is kept of it any more: --keep ours drops the entry";
    private const string GoneObject = "it is no longer in the tree, so the update can't be done to it: --keep ours drops the entry";
    private const string OtherUpdate = "the update can't be done again from here (`conflicts show` tells which): do by hand what is to be of it, then --keep ours";
    private const string Directory = "a directory isn't replaced, nor does it replace anything: --keep both brings the kept version in beside it";
    private const string NoDirectory = "the directory that it was in is gone: make one of that name, then try again, or --keep both brings it into the fileset's root";
    private const string NoFile = "there is no file whose content it could become";

    /// <param name="keep">The choice.</param>
    /// <param name="version">The kept version.</param>
    /// <param name="place">Where it belongs.</param>
    /// <param name="there">What stands there.</param>
    /// <param name="updates">Those that were not applied: can each be done again?</param>
    public static (Resolution Resolution, string Reason) Decide(
        Keep keep, Shape version, PlaceKind place, Shape there, IReadOnlyList<bool> updates) => (keep, version, place) switch
        {
            (Keep.Ours, _, _) => (Resolution.Drop, ""),
            (Keep.Both, Shape.Nothing, _) => Refuse(updates.Count > 0 ? NothingKept : GoneKept),
            (Keep.Theirs, Shape.Nothing, _) when updates.Count == 0 => Refuse(GoneKept),
            (Keep.Theirs, Shape.Nothing, not PlaceKind.Object) => Refuse(GoneObject),
            (Keep.Theirs, Shape.Nothing, _) => updates.All(can => can) ? (Resolution.Redo, "") : Refuse(OtherUpdate),
            (Keep.Both, _, _) => (Resolution.Beside, ""),
            (_, _, PlaceKind.NoDirectory) => Refuse(NoDirectory),
            (Keep.Theirs, _, PlaceKind.Free) => (Resolution.Enter, ""),
            (Keep.Theirs, Shape.File, PlaceKind.Object) when there == Shape.File => (Resolution.Take, ""),
            (Keep.Theirs, _, _) => version == Shape.Directory || there == Shape.Directory ? Refuse(Directory) : (Resolution.Replace, ""),
            (_, Shape.File, PlaceKind.Free) => (Resolution.EnterWritten, ""),
            (_, _, PlaceKind.Free) => Refuse(NoFile),
            _ => there == Shape.File ? (Resolution.Write, "") : Refuse(NoFile),
        };

    /// <summary>Whether an update that lost can be done again to the object as it is now, without any content.</summary>
    public static bool CanRedo(RecordView update) => update.Op switch
    {
        Op.SetXattr or Op.RemoveXattr or Op.Unlink or Op.Rmdir or Op.Rename or Op.Link => true,
        Op.SetAttr => update.TryGetAttr(out var attr) && !attr.Has(AttrValid.Size),
        _ => false,
    };

    public static Shape ShapeOf(uint mode) => (mode & 0xf000) switch
    {
        0x8000 => Shape.File,
        0x4000 => Shape.Directory,
        _ => Shape.Other,
    };

    private static (Resolution, string) Refuse(string reason) => (Resolution.Refused, reason);
}
