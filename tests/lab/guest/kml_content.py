#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares the content of files with what a log says of it.

usage: kml_content.py DUMP TREE [ERRORS]

DUMP is what kml_dump printed, TREE the lower tree. Every file's size and mtime
must be those of its last CLOSE or SETATTR, or of its creation. Exit 1 and a
list if they differ. So many ERRORS has the lower file system noted: for want of
memory it may have changed an inode in memory and never have written it, so as
many files may have what they had before the last record, or within it: the size
that a truncation sets, and the time at which it was set.
"""
import os
import re
import stat
import sys

SIZE, MTIME, TMPFILE = 0x08, 0x20, 0x20  # KML_ATTR_*, KML_FLAG_TMPFILE
RECORD = re.compile(r" (CREATE|CLOSE|SETATTR) (?:INTENT|DONE) flags=0x([0-9a-f]+) .* (?:made|object)=(\d+),")
ATTR = re.compile(r" attr=valid:([0-9a-f]+),\S*size:(\d+),mtime:(-?\d+)\.(\d+)")


def said(dump):
    """inode -> [size, mtime] after the last record, and the same before it; None where nothing was said"""
    known, before = {}, {}
    with open(dump, encoding="ascii") as lines:
        for line in lines:
            record, attr = RECORD.search(line), ATTR.search(line)
            if not record or not attr:
                continue
            made, inode, valid = record[1] == "CREATE", int(record[3]), int(attr[1], 16)
            if made:  # an inode number may have been another file's before
                known.pop(inode, None)
            if made and not int(record[2], 16) & TMPFILE:
                continue
            content = known.setdefault(inode, [None, None])
            before[inode] = content[:]
            if valid & SIZE:
                content[0] = int(attr[2])
            if valid & MTIME:
                content[1] = int(attr[3]) * 10**9 + int(attr[4])
    return known, before


def agrees(content, info):
    size, mtime = content
    return (size or 0) == info.st_size and mtime in (None, info.st_mtime_ns)


def main():
    (known, before), wrong, lost = said(sys.argv[1]), 0, 0
    for where, directories, files in os.walk(sys.argv[2]):
        if ".intermezzo" in directories:
            directories.remove(".intermezzo")
        for name in files:
            info = os.lstat(os.path.join(where, name))
            if not stat.S_ISREG(info.st_mode):
                continue
            size, mtime = content = known.get(info.st_ino, (None, None))
            if agrees(content, info):
                continue
            if agrees(before.get(info.st_ino, content), info) or (size or 0) == info.st_size:
                lost += 1
            else:
                wrong += 1
            print(f"# {os.path.join(where, name)}: {info.st_size} bytes, {size} in the log; mtime {info.st_mtime_ns}, {mtime} in the log")
    return wrong > 0 or lost > (int(sys.argv[3]) if len(sys.argv) > 3 else 0)


if __name__ == "__main__":
    sys.exit(main())
