#!/usr/bin/python3 -I
# SPDX-License-Identifier: GPL-2.0-or-later
"""Builds, commits and counts in a directory that another machine works in, too.

    turns.py make DIR ME
    turns.py turns|locks|held DIR ME OTHER UNITS
    turns.py check DIR ME OTHER UNITS turns|locks...
    turns.py check-held DIR ME OTHER UNITS

What a unit of work finds must be what all units before it have left, whoever did
them: the build is up to date and what it makes says how many parts it has, the
repository is clean, the database counts as many rows. After it one more.

turns: by turns. Whose it is stands in a file; whoever isn't on waits until that
is replaced, with nothing open for writing.
locks: whenever it may, as programs on one machine do that know each other by lock
files: O_EXCL for the build and the database, git by its own.
held: so, too, but a database and a log stay open all the time: sqlite's own lock
file says who may go on.

Prints nothing; fails, and says what it has seen.
"""

import ctypes
import glob
import os
import sqlite3
import subprocess
import sys
import time

# IN_CLOSE_WRITE, IN_MOVED_FROM, IN_MOVED_TO, IN_CREATE, IN_DELETE
CHANGES = 0x8 | 0x40 | 0x80 | 0x100 | 0x200

MAKEFILE = """\
.RECIPEPREFIX = >
program: $(patsubst %.c,%.o,$(sort $(wildcard *.c)))
> @gcc -o $@ $^
%.o: %.c parts.h
> @echo $@; gcc -c -o $@ $<
part-%.o: part-%.c
> @echo $@; gcc -c -o $@ $<
"""
MAIN = """\
#define PART(name) int name(void);
#include "parts.h"
#undef PART
#define PART(name) + name()
int printf(const char *, ...);
int main(void) { printf("%d\\n", 0
#include "parts.h"
); return 0; }
"""


class Wrong(Exception):
    """What one machine would not have seen."""


def expect(what, found, wanted):
    if found != wanted:
        raise Wrong(f"{what}: {found!r} instead of {wanted!r}")


def run(*command, directory="."):
    done = subprocess.run(command, cwd=directory, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        raise Wrong(f"{' '.join(command)} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


def write(path, text, mode="w"):
    with open(path, mode, encoding="ascii") as file:
        file.write(text)


def read(path):
    with open(path, encoding="ascii") as file:
        return file.read()


class Watch:
    """Waits for what happens to names in this directory: reading waits for nobody."""

    def __init__(self):
        libc = ctypes.CDLL(None, use_errno=True)
        self.fd = libc.inotify_init1(os.O_CLOEXEC)
        if self.fd < 0 or libc.inotify_add_watch(self.fd, b".", CHANGES) < 0:
            raise OSError(ctypes.get_errno(), "inotify")

    def until(self, condition):
        while not condition():
            if os.path.exists("failed"):
                raise Wrong(f"{read('failed')} has failed")
            os.read(self.fd, 1 << 16)


class Turn:
    """Mine when the file says so; the other's when it says that."""

    def __init__(self, watch, me, other):
        self.watch, self.me, self.other = watch, me, other

    def __enter__(self):
        self.watch.until(lambda: read("turn") == self.me)
        # From here on the machine has the permit, or has had it: it knows all that was done before.
        write("turn", "", "a")
        expect("whose turn it is, with the permit", read("turn"), self.me)

    def __exit__(self, kind, *_):
        if kind is None:
            write("turn.new", self.other)
            os.rename("turn.new", "turn")


class Lock:
    """Whoever makes the file has it."""

    def __init__(self, watch, me):
        self.watch, self.me = watch, me

    def take(self):
        try:
            write("lock", self.me, "x")
        except FileExistsError:
            return False
        return True

    def __enter__(self):
        self.watch.until(self.take)

    def __exit__(self, kind, *_):
        if kind is None:
            expect("who has the lock", read("lock"), self.me)
            os.unlink("lock")


def clock():
    """Make compares times, and each machine has its own clock: this one's is to be past all that is there."""
    newest = max(os.stat(path).st_mtime_ns for path in glob.glob("build/*"))
    while time.time_ns() <= newest + 20_000_000:  # more than a tick, by which files are stamped
        time.sleep(max(0, newest + 20_000_000 - time.time_ns()) / 1e9)


def build(name):
    parts = len(glob.glob("build/part-*.c"))
    clock()
    run("make", "-q", directory="build")
    expect("parts of the program, before", int(run("build/program")), parts)
    write(f"build/part-{name}.c", f"int part_{name}(void) {{ return 1; }}\n")
    write("build/parts.h", f"PART(part_{name})\n", "a")
    expect("what is made anew", sorted(run("make", "-s", directory="build").split()), ["main.o", f"part-{name}.o"])
    run("make", "-q", directory="build")
    expect("parts of the program", int(run("build/program")), parts + 1)
    return parts


def count(name, units):
    database = sqlite3.connect("data.db", isolation_level=None)
    try:
        database.execute("BEGIN IMMEDIATE")
        expect("counter and rows", database.execute("SELECT n, (SELECT count(*) FROM rows) FROM counter").fetchall(), [(units, units)])
        database.execute("UPDATE counter SET n = n + 1")
        database.execute("INSERT INTO rows SELECT n, ? FROM counter", (name,))
        database.execute("COMMIT")
        expect("the database", database.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
    finally:
        database.close()


def git(*command):
    return run("git", *command, directory="repository")


def commit(name, units):
    """Nobody else works there: all is as the one before left it."""
    expect("commits", int(git("rev-list", "--count", "HEAD")), units + 1)
    expect("git status", git("status", "--porcelain"), "")
    write("repository/all", f"{name}\n", "a")
    git("add", "all")
    git("commit", "-q", "-m", name)
    expect("lines of what is committed", git("show", "HEAD:all").count("\n"), units + 1)


def commit_beside(name):
    """Others work there as well: git says when somebody has a lock of it, or was faster."""
    write(f"repository/{name}", f"{name}\n")
    while True:
        try:
            git("add", name)
            git("commit", "-q", "-m", name, "--", name)
            return
        except Wrong as error:
            if ".lock': File exists" not in str(error) and "but expected" not in str(error):
                raise


def by_turns(me, other, units):
    turn = Turn(Watch(), me, other)
    for unit in range(units):
        name = f"{me}_turns{unit}"
        with turn:
            before = build(name)
            count(name, before)
            commit(name, before)


def by_locks(me, units):
    lock = Lock(Watch(), me)
    for unit in range(units):
        name = f"{me}_locks{unit}"
        with lock:
            count(name, build(name))
        commit_beside(name)


def open_held():
    return sqlite3.connect("file:held.db?vfs=unix-dotfile", uri=True, isolation_level=None, timeout=600)


def by_held(me, units):
    database = open_held()
    with open("held.log", "a+", encoding="ascii") as log:
        for unit in range(units):
            database.execute("BEGIN EXCLUSIVE")
            rows = [maker for maker, in database.execute("SELECT maker FROM rows ORDER BY rowid")]
            log.seek(0)
            expect("the log and the rows", log.read().split(), rows)
            name = f"{me}_held{unit}"
            log.write(f"{name}\n")
            log.flush()
            database.execute("INSERT INTO rows VALUES (?)", (name,))
            database.execute("COMMIT")
    expect("the database", database.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
    database.close()


def check_held(names):
    database = open_held()
    rows = [maker for maker, in database.execute("SELECT maker FROM rows ORDER BY rowid")]
    database.close()
    expect("rows", sorted(rows), names)
    expect("lines of the log", read("held.log").split(), rows)


def make(me):
    for path in ("build", "repository"):
        os.mkdir(path)
    write("build/Makefile", MAKEFILE)
    write("build/main.c", MAIN)
    write("build/parts.h", "")
    run("make", "-s", directory="build")
    git("init", "-q")
    for setting in ("user.name", "user.email"):
        git("config", setting, "nobody")
    git("config", "gc.auto", "0")  # it would go on in the background
    write("repository/all", "")
    git("add", "all")
    git("commit", "-q", "-m", "begun")
    database = sqlite3.connect("data.db")
    database.executescript("CREATE TABLE counter(n); INSERT INTO counter VALUES (0); CREATE TABLE rows(n, maker)")
    database.close()
    database = open_held()
    database.execute("CREATE TABLE rows(maker)")
    database.close()
    write("held.log", "")
    write("turn", me)


def check(names):
    """As both machines must have it when all is done."""
    expect("what make would do", run("make", "-n", directory="build"), "make: 'program' is up to date.\n")
    expect("parts of the program", int(run("build/program")), len(names))
    database = sqlite3.connect("file:data.db?mode=ro", uri=True)
    expect("the database", database.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
    expect("its counter", database.execute("SELECT n FROM counter").fetchall(), [(len(names),)])
    expect("its rows", sorted(database.execute("SELECT maker FROM rows")), [(name,) for name in names])
    database.close()
    # what a commit that was given up had written dangles; that is no fault
    expect("git fsck", git("fsck", "--strict", "--no-dangling", "--no-progress"), "")
    expect("git status", git("--no-optional-locks", "status", "--porcelain"), "")
    expect("commits", sorted(git("log", "--format=%s").split()), ["begun"] + names)
    expect("merges", git("rev-list", "--min-parents=2", "HEAD"), "")


def main():
    what, directory, me = sys.argv[1:4]
    other, units, done = sys.argv[4:5], int((sys.argv[5:6] or [0])[0]), sys.argv[6:]
    os.chdir(directory)
    os.environ.update(GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_NOSYSTEM="1", LC_ALL="C")
    try:
        if what == "make":
            make(me)
        elif what == "turns":
            by_turns(me, other[0], units)
        elif what == "locks":
            by_locks(me, units)
        elif what == "held":
            by_held(me, units)
        elif what == "check-held":
            check_held(sorted(f"{who}_held{unit}" for who in (me, *other) for unit in range(units)))
        else:
            check(sorted(f"{who}_{how}{unit}" for who in (me, *other) for how in done for unit in range(units)))
    except Wrong as error:
        if what in ("turns", "locks", "held"):
            write("failed", me)
        sys.exit(f"turns.py: {error}")


main()
