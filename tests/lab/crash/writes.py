# SPDX-License-Identifier: GPL-2.0-or-later
"""The writes of a disk, and what a power cut may have left of them.

A disk with a cache of its own promises that what was written before a flush ended is there after a cut; of what came later any
part may be, in any order. So one run holds as many cuts as one likes: all before the last flush, and some of the rest.
"""
import os
import struct
import subprocess

SECTOR = 512
FLUSH, DISCARD = 1, 4
BLOCK = 4096  # what a disk writes at once or not at all


class Write:
    __slots__ = ("at", "flush", "length", "offset")

    def __init__(self, offset, length, at, flush):
        self.offset, self.length, self.at, self.flush = offset, length, at, flush


class WriteLog:
    """A log in the format of dm-log-writes (QEMU's blklogwrites)."""

    def __init__(self, path):
        self.file = os.open(path, os.O_RDONLY)
        self.end = SECTOR  # behind its head, which QEMU writes with the first flush only
        self.writes = []

    def close(self):
        os.close(self.file)

    def read(self):
        """All writes so far. An entry of zeros is the end."""
        while True:
            header = os.pread(self.file, 32, self.end)
            sector, count, flags, _ = struct.unpack("<QQQQ", header)
            if not count and not flags:
                return self.writes
            self.end += SECTOR
            length = count * SECTOR
            if length and not flags & DISCARD:
                self.writes.append(Write(sector * SECTOR, length, self.end, False))
                self.end += length
            if flags & FLUSH:
                self.writes.append(Write(0, 0, 0, True))

    def data(self, write):
        return os.pread(self.file, write.length, write.at)

    def durable(self, cut, start=0):
        """How many writes a flush has made durable when the power goes before number @cut; those before @start are."""
        while cut > start and not self.writes[cut - 1].flush:
            cut -= 1
        return cut

    def busiest(self, cut):
        """The end of the stretch between two flushes that write @cut lies in: most is at stake there."""
        while cut < len(self.writes) and not self.writes[cut].flush:
            cut += 1
        return cut

    def apply(self, disk, first, end, rnd=None, lost=0.0):
        """Writes number @first up to @end; of each block @lost is the chance to be lost."""
        for write in self.writes[first:end]:
            if write.flush:
                continue
            data = self.data(write)
            if not lost:
                os.pwrite(disk, data, write.offset)
                continue
            for at in range(0, write.length, BLOCK):
                if rnd.random() >= lost:
                    os.pwrite(disk, data[at:at + BLOCK], write.offset + at)


class Disk:
    """An image that moves forward through a log; cuts are taken from copies of it, in order."""

    def __init__(self, base, path, log, start=0):
        self.path, self.log, self.start, self.at = path, log, start, start
        copy(base, path)

    def cut(self, rnd, number, target):
        """Makes @target the disk after a cut before write @number; returns what was done in words."""
        durable = self.log.durable(number, self.start)
        with open(self.path, "r+b") as disk:
            self.log.apply(disk.fileno(), self.at, durable)
        self.at = durable
        lost = rnd.choice((0.0, 0.1, 0.5, 0.9))
        copy(self.path, target)
        with open(target, "r+b") as disk:
            self.log.apply(disk.fileno(), durable, number, rnd, lost)
        return f"write {number}, of {number - durable} unflushed {lost:.0%} lost"


def copy(source, target):
    """In place: a guest may have the target open."""
    subprocess.run(["cp", "--sparse=always", source, target], check=True)
