#!/usr/bin/python3 -I
# SPDX-License-Identifier: GPL-2.0-or-later
"""Works in a directory at random, as programs do: the seed gives the work.

    random_work.py DIR SEED OPERATIONS

Prints nothing; fails on an error that such work doesn't explain.
"""

import errno
import os
import random
import sys

EXPECTED = {errno.ENOENT, errno.EEXIST, errno.ENOTEMPTY, errno.EINVAL, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.EMLINK}


class Work:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.directories = ["."]
        self.files = []
        self.count = 0

    def name(self):
        self.count += 1
        return f"{self.random.choice(self.directories)}/n{self.count}"

    def some_file(self):
        return self.random.choice(self.files) if self.files else self.create()

    def create(self):
        name = self.name()
        with open(name, "xb") as f:
            f.write(self.random.randbytes(self.random.choice((0, 10, 1000, 5000, 70000))))
        self.files.append(name)
        return name

    def append(self):
        with open(self.some_file(), "ab") as f:
            f.write(self.random.randbytes(self.random.randrange(1, 3000)))

    def overwrite(self):
        with open(self.some_file(), "r+b") as f:
            f.seek(self.random.randrange(0, 4000))
            f.write(self.random.randbytes(self.random.randrange(1, 500)))

    def replace(self):
        name = self.some_file()
        with open(name + ".tmp", "wb") as f:
            f.write(self.random.randbytes(2000))
        os.rename(name + ".tmp", name)

    def truncate(self):
        os.truncate(self.some_file(), self.random.randrange(0, 6000))

    def unlink(self):
        name = self.some_file()
        self.files.remove(name)
        os.unlink(name)

    def mkdir(self):
        name = self.name()
        os.mkdir(name)
        self.directories.append(name)

    def rmdir(self):
        name = self.random.choice(self.directories)
        os.rmdir(name)
        self.directories.remove(name)

    def rename(self):
        old, new = self.some_file(), self.name()
        os.rename(old, new)
        self.files[self.files.index(old)] = new

    def rename_directory(self):
        if len(self.directories) == 1:
            return
        old, new = self.random.choice(self.directories[1:]), self.name()
        os.rename(old, new)
        moved = lambda path: new + path[len(old):] if path == old or path.startswith(old + "/") else path
        self.directories = [moved(path) for path in self.directories]
        self.files = [moved(path) for path in self.files]

    def link(self):
        new = self.name()
        os.link(self.some_file(), new)
        self.files.append(new)

    def symlink(self):
        os.symlink(self.some_file(), self.name())

    def chmod(self):
        os.chmod(self.some_file(), self.random.choice((0o600, 0o644, 0o755, 0o4711)))

    def chown(self):
        os.chown(self.some_file(), self.random.randrange(3000), self.random.randrange(3000))

    def utime(self):
        os.utime(self.some_file(), ns=(self.random.randrange(10**18), self.random.randrange(10**18)))

    def xattr(self):
        os.setxattr(self.some_file(), "user.n%d" % self.random.randrange(3), self.random.randbytes(20))

    def step(self):
        kinds = ((self.create, 10), (self.append, 5), (self.overwrite, 4), (self.replace, 4), (self.truncate, 2), (self.unlink, 4), (self.mkdir, 3),
                 (self.rmdir, 1), (self.rename, 4), (self.rename_directory, 1), (self.link, 2), (self.symlink, 1), (self.chmod, 2), (self.chown, 1),
                 (self.utime, 2), (self.xattr, 2))
        kind = self.random.choices([k for k, _ in kinds], [w for _, w in kinds])[0]
        try:
            kind()
        except OSError as error:
            if error.errno not in EXPECTED:
                raise


def main():
    if len(sys.argv) != 4:
        sys.exit("usage: random_work.py DIR SEED OPERATIONS")
    os.makedirs(sys.argv[1], exist_ok=True)
    os.chdir(sys.argv[1])
    work = Work(int(sys.argv[2]))
    for _ in range(int(sys.argv[3])):
        work.step()


main()
