#!/usr/bin/python3 -I
# SPDX-License-Identifier: GPL-2.0-or-later
"""The users of the simulator's histories (tests/simulation, Users/Programs.cs), on a real machine.

    programs.py DIR SEED.REPLICA.BATCH <EVENTS     does them in DIR, of which each names whatever is there then
    programs.py --marks DIR DEVICE                 all marks in DIR and in the conflict store of the mount; lento isn't running

EVENTS are lines "KIND A B C". Each content that is written has a mark of its own in it. Printed is, a line each: "did N" (after the
Nth event), "closed MARK" (a content that must be found in the end), "over MARK" (somebody who saw it writes over it or
removes it, and it needn't), "blind" (something was removed that nobody had looked at: a peer's update was faster).
"""

import errno
import os
import re
import stat
import sys

EXPECTED = {errno.ENOENT, errno.EEXIST, errno.ENOTEMPTY, errno.EINVAL, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.EMLINK, errno.ENODATA}
MARK = re.compile(rb"<\d+\.\d+\.\d+\.\d+>")
RENAME_NOREPLACE, RENAME_EXCHANGE = 1, 2


def say(*words):
    print(*words, flush=True)


def renameat2(old, new, flags):
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.renameat2(-100, old.encode(), -100, new.encode(), flags):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), old)


def marks_in(fd):
    data, at = b"", 0
    while piece := os.pread(fd, 1 << 20, at):
        data, at = data + piece, at + len(piece)
    return MARK.findall(data)


class Programs:
    def __init__(self, who):
        self.who, self.count = who, 0
        self.open = []  # descriptors
        self.written = {}  # what was written through each
        self.removed = set()  # inodes without a name, and by us

    # What is there: the same choice as in the simulator, by the same numbers.

    def places(self):
        directories = ["."]
        for directory in directories:
            with os.scandir(directory) as entries:
                for entry in sorted(entries, key=lambda entry: entry.name):
                    if entry.is_dir(follow_symlinks=False):
                        directories.append(entry.path)
                    yield entry.path

    def directory(self, number):
        found = ["."] + [path for path in self.places() if stat.S_ISDIR(os.lstat(path).st_mode)]
        return found[number % len(found)]

    def pick(self, number, fits):
        found = [path for path in self.places() if fits(os.lstat(path).st_mode)]
        if not found:
            raise FileNotFoundError(errno.ENOENT, "nothing fits")
        return found[number % len(found)]

    def file(self, number):
        return self.pick(number, stat.S_ISREG)

    def entry(self, number):
        return self.pick(number, lambda mode: True)

    def name(self, directory, number):
        return f"{directory}/{chr(ord('a') + number % 7)}"

    # Contents.

    def start(self, path, flags=0):
        fd = os.open(path, os.O_RDWR | os.O_NOFOLLOW | flags, 0o644)
        self.open.append(fd)
        self.written[fd] = []
        return fd

    def write(self, fd, appends, size):
        self.count += 1
        mark = b"<%s.%d>" % (self.who.encode(), self.count)
        length = 150_000 + size % 1000 if size % 97 == 0 else 4096 + size % 8192 if size % 5 == 0 else size % 40
        if not appends:
            self.see(fd)
            os.ftruncate(fd, 0)
        os.lseek(fd, 0, os.SEEK_END)
        self.written[fd].append(mark)
        os.write(fd, mark + b"." * length)

    def see(self, fd):
        for mark in marks_in(fd):
            say("over", mark.decode())

    def close(self, fd):
        after = os.fstat(fd)
        self.open.remove(fd)
        marks = self.written.pop(fd)
        os.close(fd)
        if after.st_nlink or after.st_ino not in self.removed:
            for mark in marks:
                say("closed", mark.decode())

    def goes(self, path, remove):
        """A name goes, and with the last one the content: held open, so that it is what was seen."""
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return remove()
        fd = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
        try:
            before = os.fstat(fd)
            if before.st_nlink == 1:
                self.see(fd)
            remove()
            after = os.fstat(fd)
            if after.st_nlink == 0:
                self.see(fd)
                self.removed.add(after.st_ino)
            elif after.st_nlink >= before.st_nlink:
                say("blind")
        finally:
            os.close(fd)

    # Events.

    def create(self, directory, name, size, stays):
        fd = self.start(f"{directory}/{name}", os.O_CREAT | os.O_EXCL)
        self.write(fd, False, size)
        if not stays:
            self.close(fd)

    def save_over(self, path, size):
        directory, name = os.path.split(path)
        self.create(directory, name + "~", size, False)
        self.rename_over(path + "~", path)

    def rename_over(self, old, new):
        if os.path.lexists(new) and not os.path.samefile(old, new):
            self.goes(new, lambda: os.rename(old, new))
        else:
            os.rename(old, new)

    def remove_tree(self, top):
        for entry in list(os.scandir(top)):
            if entry.is_dir(follow_symlinks=False):
                self.remove_tree(entry.path)
            else:
                self.goes(entry.path, lambda: os.unlink(entry.path))
        os.rmdir(top)

    def truncate(self, path, size):
        fd = self.start(path)
        self.see(fd)
        os.ftruncate(fd, size)
        self.close(fd)

    def do(self, kind, a, b, c):
        if kind in ("Create", "CreateOpen"):
            self.create(self.directory(a), self.name("", b)[1:], c, kind == "CreateOpen")
        elif kind == "Open":
            self.start(self.file(a))
        elif kind == "WriteOpen" and self.open:
            self.write(self.open[a % len(self.open)], b % 2 == 0, c)
        elif kind == "CloseOpen" and self.open:
            self.close(self.open[a % len(self.open)])
        elif kind in ("Overwrite", "Append"):
            fd = self.start(self.file(a))
            self.write(fd, kind == "Append", c)
            self.close(fd)
        elif kind == "SaveOver":
            self.save_over(self.file(a), c)
        elif kind == "Truncate":
            self.truncate(self.file(a), b % 9)
        elif kind == "Rename":
            renameat2(self.entry(a), self.name(self.directory(b), c), RENAME_NOREPLACE)
        elif kind == "RenameOver":
            self.rename_over(self.entry(a), self.entry(b))
        elif kind == "Exchange":
            renameat2(self.entry(a), self.entry(b), RENAME_EXCHANGE)
        elif kind == "Link":
            os.link(self.file(a), self.name(self.directory(b), c))
        elif kind == "Unlink":
            path = self.pick(a, lambda mode: not stat.S_ISDIR(mode))
            self.goes(path, lambda: os.unlink(path))
        elif kind == "Mkdir":
            os.mkdir(self.name(self.directory(a), b))
        elif kind == "Rmdir":
            os.rmdir(self.pick(a, stat.S_ISDIR))
        elif kind == "RemoveTree":
            self.remove_tree(self.pick(a, stat.S_ISDIR))
        elif kind == "Symlink":
            os.symlink(f"to-{c % 50}", self.name(self.directory(a), b))
        elif kind == "Chmod":
            os.chmod(self.pick(a, lambda mode: not stat.S_ISLNK(mode)), 0o600 | b % 0x80)
        elif kind == "Chown":
            os.lchown(self.entry(a), b % 5, c % 5)
        elif kind == "Touch":
            os.utime(self.entry(a), (1_000_000_000, 1000 + b % 5), follow_symlinks=False)
        elif kind == "SetXattr":
            os.setxattr(self.pick(a, lambda mode: not stat.S_ISLNK(mode)), f"user.{b % 3}", b"v%d" % (c % 9))
        elif kind == "RemoveXattr":
            os.removexattr(self.pick(a, lambda mode: not stat.S_ISLNK(mode)), f"user.{b % 3}")

    def run(self, lines):
        for number, line in enumerate(lines):
            kind, *numbers = line.split()
            try:
                self.do(kind, *map(int, numbers))
            except OSError as error:
                if error.errno not in EXPECTED:
                    raise
            say("did", number)
        for fd in list(self.open):
            self.close(fd)


def list_marks(top, device):
    fd = os.open(device, os.O_RDWR)  # whoever has it open sees .intermezzo
    mount = top
    while not os.path.ismount(mount):
        mount = os.path.dirname(mount)
    found = set()
    for start in (top, f"{mount}/.intermezzo/home/conflicts"):
        for directory, _, names in os.walk(start):
            for name in names:
                path = os.path.join(directory, name)
                if stat.S_ISREG(os.lstat(path).st_mode):
                    with open(path, "rb") as file:
                        found.update(marks_in(file.fileno()))
    for mark in found:
        say(mark.decode())
    os.close(fd)


def main():
    if len(sys.argv) == 4 and sys.argv[1] == "--marks":
        list_marks(sys.argv[2], sys.argv[3])
    elif len(sys.argv) == 3:
        os.chdir(sys.argv[1])
        Programs(sys.argv[2]).run(sys.stdin)
    else:
        sys.exit(__doc__)


main()
