// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Journal;

/// <summary>What happened. The numbers stand on disks: they are never changed nor used again.</summary>
public enum Op : ushort
{
    None = 0,
    Pad = 1,
    Create = 2,
    Mkdir = 3,
    Symlink = 4,
    Mknod = 5,
    Link = 6,
    Unlink = 7,
    Rmdir = 8,
    Rename = 9,
    SetAttr = 10,
    SetXattr = 11,
    RemoveXattr = 12,
    Dirty = 13,
    Close = 14,
    Enter = 15,
    Leave = 16,
    Mark = 17,
    Mount = 18,
    Umount = 19,
    List = 20,
}

[Flags]
public enum RecordFlags : uint
{
    None = 0,

    /// <summary>Made in an apply context.</summary>
    Applied = 0x01,

    /// <summary>More operations of the same update follow.</summary>
    Partial = 0x02,

    /// <summary>Written by recovery after an unclean stop, or told by a scan.</summary>
    Recovered = 0x04,

    /// <summary>CLOSE: the file is still open for writing.</summary>
    Open = 0x08,

    /// <summary>CLOSE: all of the file may have changed.</summary>
    Whole = 0x10,

    /// <summary>CREATE: a nameless inode got its first name.</summary>
    Tmpfile = 0x20,

    /// <summary>RENAME, ENTER, LEAVE: the object is a directory.</summary>
    Directory = 0x40,

    /// <summary>CLOSE: mode and owner may have changed since the mark.</summary>
    Attr = 0x80,

    /// <summary>The record before, a CREATE, was an open mark as well.</summary>
    Marked = 0x100,
}

public enum FieldType : ushort
{
    Object = 1,
    Parent = 2,
    Name = 3,
    Parent2 = 4,
    Name2 = 5,
    Attr = 6,
    AttrBefore = 7,
    Target = 8,
    XattrName = 9,
    XattrValue = 10,
    Ranges = 11,
    Replaced = 12,
    Payload = 13,

    /// <summary>Applied: whose log the source is an offset in, where that isn't the maker's.</summary>
    Peer = 14,
}

/// <summary>Which members of a <see cref="KmlAttr"/> mean something.</summary>
[Flags]
public enum AttrValid : uint
{
    None = 0,
    Mode = 0x001,
    Uid = 0x002,
    Gid = 0x004,
    Size = 0x008,
    AccessTime = 0x010,
    ModifyTime = 0x020,
    ChangeTime = 0x040,
    Device = 0x080,
    Links = 0x100,
}

/// <summary>What a MOUNT says in its aux.</summary>
[Flags]
public enum MountFlags : uint
{
    None = 0,

    /// <summary>The stop before was unclean.</summary>
    Unclean = 0x1,

    /// <summary>A scan must look for what has changed since the log was synced.</summary>
    Scan = 0x2,

    /// <summary>Somebody else has mounted or checked the lower file system.</summary>
    Below = 0x4,

    /// <summary>The lower file system has no journal: not even an inode's ctime tells of all that was changed.</summary>
    Unordered = 0x8,
}

[Flags]
public enum ResultFlags : uint
{
    None = 0,

    /// <summary>The result's time is the parent's mtime after the operation; else the record's time is.</summary>
    Time = 0x1,

    /// <summary>The new object was born with xattrs.</summary>
    Xattrs = 0x2,
}
