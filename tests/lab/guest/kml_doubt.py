#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Leaves operations in doubt at the end of a log, as a power cut does.

usage: kml_doubt.py LOG SPEC...

Cuts the UMOUNT record off the log and appends INTENT records, one a SPEC:

    make:PARENT:NAME:MODE               unlink:PARENT:NAME:PATH
    link:PARENT:NAME:PATH               rename:PARENT:NAME:PARENT:NAME:PATH
    chmod:PATH:MODE_BEFORE:MODE         setxattr:PATH:NAME:VALUE
    removexattr:PATH:NAME               dirty:PATH
    whiteout: as rename, with RENAME_WHITEOUT

PARENT and PATH are paths in the lower tree: their inodes and generations go
into the records. A PATH may be INODE,GENERATION,MODE too. Prints the offset of
each record.
"""
import array
import fcntl
import os
import struct
import sys

SUPER, CHUNK, ALIGN = 4096, 256 * 1024, 16
HEADER, RESULT, RESULT_LEN = 168, 72, 48
FS_IOC_GETVERSION = 0x80087601
CREATE, MKDIR, LINK, UNLINK, RMDIR, RENAME = 2, 3, 6, 7, 8, 9
SETATTR, SETXATTR, REMOVEXATTR, DIRTY, UMOUNT = 10, 11, 12, 13, 19
OBJECT, PARENT, NAME, PARENT2, NAME2, ATTR, BEFORE = 1, 2, 3, 4, 5, 6, 7
XNAME, XVALUE = 9, 10
INTENT = 0x544E4900
FLAG_DIR = 0x40
RENAME_WHITEOUT = 4

TABLE = []
for index in range(256):
    crc = index
    for _ in range(8):
        crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    TABLE.append(crc)


def crc32c(data, crc=0):
    crc ^= 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def identity(path):
    if "," in path:
        inode, generation, mode = path.split(",")
        return int(inode), int(generation), int(mode, 8)
    stat = os.lstat(path)
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    version = array.array("i", [0, 0])
    fcntl.ioctl(handle, FS_IOC_GETVERSION, version)
    os.close(handle)
    return stat.st_ino, version[0] & 0xFFFFFFFF, stat.st_mode


def kml_object(path):
    inode, generation, mode = identity(path)
    return struct.pack("<QQIIQII", 0, inode, generation, 0, inode, generation, mode)


def attr(valid, mode):
    return struct.pack("<IIIIIIQQQQIIII", valid, mode, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)


def field(kind, data):
    return struct.pack("<HHI", kind, 0, len(data)) + data + bytes(-len(data) % 8)


class Log:
    def __init__(self, file):
        self.file = file
        self.data = bytearray(file.read())
        self.head, last = self.walk()
        op, = struct.unpack_from("<H", self.data, last + 4)
        if op == UMOUNT:
            length, = struct.unpack_from("<I", self.data, last)
            self.data[last:last + length] = bytes(length)
            self.head = last
            self.recno -= 1
        self.stable, self.oldest_mark = self.head, 0

    def walk(self):
        at, last = SUPER, SUPER
        while at + ALIGN <= len(self.data):
            length, op = struct.unpack_from("<IH", self.data, at)
            if not length:
                if at % CHUNK and at != SUPER:
                    break
                at = (at // CHUNK + 1) * CHUNK
                continue
            if op != 1:
                last = at
                self.recno, = struct.unpack_from("<Q", self.data, at + 16)
                self.local, = struct.unpack_from("<Q", self.data, at + 56)
            at += length
        return at, last

    def append(self, op, fields, flags=0, aux=0):
        body = b"".join(fields)
        length = (HEADER + len(body) + 4 + ALIGN - 1) // ALIGN * ALIGN
        assert self.head % CHUNK + length <= CHUNK, "no room in this chunk"
        counts = op != DIRTY
        if not counts and not self.oldest_mark:
            self.oldest_mark = self.head
        self.recno += 1
        self.local += counts
        record = bytearray(struct.pack(
            "<IHHIIQQQQQQQ", length, op, 1, flags, 0, self.recno, self.stable,
            self.oldest_mark or self.head, 0, self.local if counts else 0, self.local, 0))
        record += bytes(RESULT_LEN)
        record += struct.pack("<QIIIIIIQQ", 1, 0, 0, 0, 0, aux, len(fields), 0, 0)
        record += body
        record += bytes(length - 4 - len(record)) + struct.pack("<I", length)
        struct.pack_into("<I", record, 12, crc32c(record))
        result = bytearray(RESULT_LEN)
        struct.pack_into("<I", result, 0, INTENT)
        struct.pack_into("<I", result, 4, crc32c(result, self.recno & 0xFFFFFFFF))
        record[RESULT:RESULT + RESULT_LEN] = result
        end = self.head + length
        if end > len(self.data):
            self.data += bytes(end - len(self.data))
        self.data[self.head:end] = record
        print(self.head)
        self.head = end

    def save(self):
        self.file.seek(0)
        self.file.write(self.data)
        self.file.flush()
        os.fsync(self.file.fileno())


def names(kind, parent, name_kind, name):
    return [field(kind, kml_object(parent)), field(name_kind, os.fsencode(name))]


def apply(log, spec):
    verb, *args = spec.split(":")
    if verb == "make":
        mode = int(args[2], 8)
        log.append(MKDIR if mode & 0o40000 and not mode & 0o100000 else CREATE,
                   names(PARENT, args[0], NAME, args[1]) + [field(ATTR, attr(1, mode))])
    elif verb in ("unlink", "link"):
        op = LINK if verb == "link" else RMDIR if os.path.isdir(args[2]) else UNLINK
        log.append(op, [field(OBJECT, kml_object(args[2]))] +
                   names(PARENT, args[0], NAME, args[1]))
    elif verb in ("rename", "whiteout"):
        log.append(RENAME, [field(OBJECT, kml_object(args[4]))] +
                   names(PARENT, args[0], NAME, args[1]) +
                   names(PARENT2, args[2], NAME2, args[3]),
                   FLAG_DIR if os.path.isdir(args[4]) else 0,
                   RENAME_WHITEOUT if verb == "whiteout" else 0)
    elif verb == "chmod":
        kind = identity(args[0])[2] & 0o170000
        log.append(SETATTR, [field(OBJECT, kml_object(args[0])),
                             field(ATTR, attr(1, kind | int(args[2], 8))),
                             field(BEFORE, attr(0x1FF, kind | int(args[1], 8)))])
    elif verb == "setxattr":
        log.append(SETXATTR, [field(OBJECT, kml_object(args[0])),
                              field(XNAME, os.fsencode(args[1])),
                              field(XVALUE, os.fsencode(args[2]))])
    elif verb == "removexattr":
        log.append(REMOVEXATTR, [field(OBJECT, kml_object(args[0])),
                                 field(XNAME, os.fsencode(args[1]))])
    elif verb == "dirty":
        log.append(DIRTY, [field(OBJECT, kml_object(args[0]))])
    else:
        sys.exit(f"unknown operation {verb}")


def main():
    with open(sys.argv[1], "r+b") as file:
        log = Log(file)
        for spec in sys.argv[2:]:
            apply(log, spec)
        log.save()


if __name__ == "__main__":
    main()
