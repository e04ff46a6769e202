#!/usr/bin/python3 -I
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes everything in a directory that a careless replication would lose.

    exotic.py DIR
"""

import os
import socket
import stat
import sys


def file(name, content=b"", mode=0o644):
    fd = os.open(name, os.O_CREAT | os.O_WRONLY | os.O_EXCL, mode)
    os.write(fd, content)
    os.close(fd)


def names():
    os.mkdir("names")
    os.chdir("names")
    for value in range(1, 256):
        if value != ord("/"):
            file(b"byte-" + bytes([value]), bytes([value]))
    file(b"\xff" * 255, b"long")
    file("Ärger mit Ümlauten \u202e".encode(), b"text")
    for name in (b" ", b"-rf", b"new\nline", b"~", b"*", b"...", b".hidden"):
        file(name, name)
    os.chdir("..")


def deep():
    here = os.open(".", os.O_RDONLY)
    for level in range(200):
        os.mkdir(b"d%d" % level)
        os.chdir(b"d%d" % level)
    file("bottom", b"of the well")
    os.fchdir(here)
    os.close(here)


def sparse():
    fd = os.open("sparse", os.O_CREAT | os.O_WRONLY)
    os.pwrite(fd, b"begin", 0)
    os.pwrite(fd, b"middle", 40 << 20)
    os.ftruncate(fd, 100 << 20)
    os.close(fd)
    with open("hole-only", "wb") as f:
        f.truncate(3 << 20)


def nodes():
    os.mkfifo("fifo", 0o640)
    os.mknod("null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    os.mknod("block", stat.S_IFBLK | 0o600, os.makedev(259, 1048575))
    listener = socket.socket(socket.AF_UNIX)
    listener.bind("socket")
    listener.close()


def links():
    os.symlink("/nowhere/at all", "dangling")
    os.symlink("x" * 4000, "long-target")
    os.mkdir("a")
    file("a/one", b"linked")
    os.link("a/one", "two")
    os.link("a/one", "a/three")


def attributes():
    file("modes", b"x")
    os.chown("modes", 12345, 54321)
    os.chmod("modes", 0o6755)
    file("times", b"x")
    os.utime("times", ns=(123456789, 987654321))
    file("before-1970", b"x")
    os.utime("before-1970", ns=(-1_500_000_000, -1_500_000_000))
    os.mkdir("directory-times")
    file("directory-times/inside")
    os.chmod("directory-times", 0o3770)
    os.utime("directory-times", ns=(1, 1_000_000_001))
    file("xattrs", b"x")
    os.setxattr("xattrs", "user.empty", b"")
    os.setxattr("xattrs", "user.bytes", bytes(range(256)))
    os.setxattr("xattrs", "trusted.mine", b"root's")
    os.setxattr("xattrs", "user.gone", b"soon")
    os.removexattr("xattrs", "user.gone")
    os.setxattr("a", "user.on-directory", b"yes")


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: exotic.py DIR")
    os.umask(0o022)
    os.makedirs(sys.argv[1])
    os.chdir(sys.argv[1])
    for make in (names, deep, sparse, nodes, links, attributes):
        make()


main()
