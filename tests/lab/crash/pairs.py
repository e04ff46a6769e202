#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Orders that a disk may choose: every operation after every other, and a power cut at each flush.

The guest makes a small file system and does, in a directory for each pair, one operation and then another one (pairs.c), while all
writes of its disk are recorded. Then it gets the disk as it was at a flush, all before it durable, and mounts that; log and tree
must agree (model.py), and the pairs that were synced by then must be as they are in the end. Some cuts are between two flushes,
and lose a part of what wasn't flushed.

In the environment: PAIRS, how many cuts in all (40), or "all": each flush of all 144 pairs; SEED (1), which of them; FS and KERNEL
as in crash.py. Prints a line per cut and "N passed, M failed"; a failure leaves all that belongs to it below CRASH_KEEP.
"""
import os
import random
import select
import struct
import subprocess
import sys

import model
from crash import FILES, LAB, MARKS, Failed, Rig, in_turn, main, mutation_of_log, run
from writes import Disk, copy

OPERATIONS = ("create", "write", "rename", "link", "unlink", "mkdir", "rmdir", "symlink", "setattr", "setxattr", "truncate", "fsync")
DURABLE = 2  # pairs.c
PATIENCE = 180
BETWEEN = 0.25  # how many of the stretches between two flushes are cut, too


class Group:
    """The pairs that begin with one operation: where they stand in the recording, and what is there in the end."""

    def __init__(self, log, start, first, tree):
        self.log, self.start, self.first, self.tree = log, start, first, tree
        self.marks = [(number, *self.mark(write)) for number, write in enumerate(log.writes[start:], start)
                      if not write.flush and write.offset >= MARKS[0]]

    def mark(self, write):
        _, pair, what = struct.unpack_from("<IIQ", self.log.data(write))
        return pair, what

    def name(self, pair):
        return f"{OPERATIONS[self.first]}{'.' if pair % 2 else '-'}{OPERATIONS[pair // 2]}"

    def at(self, number):
        """The pair that was going on at write @number; the first one if it was about to begin."""
        begun = [pair for place, pair, _ in self.marks if place < number] or [self.marks[0][1]]
        return self.name(begun[-1])

    def durable(self, number):
        """The directories that were finished before write @number."""
        return [self.name(pair).encode() for place, pair, what in self.marks if what == DURABLE and place < number]

    def flushes(self):
        """Behind each flush since the first pair began, if anything was written to the file system since the one before."""
        places, written = [], False
        for number in range(self.marks[0][0] + 1, len(self.log.writes)):
            write = self.log.writes[number]
            if write.flush and written:
                places.append(number + 1)
            written = not write.flush and (written or write.offset < MARKS[0])
        return places


class Pairs(Rig):
    TOOLS = ("crash/pairs", "crash/collect", "crash/recover", "guest/kml_dump")

    def record(self, kernel, fs, first):
        """Does all pairs that begin with operation @first."""
        self.check_log.read()
        start = len(self.check_log.writes)
        copy(self.image("check"), self.image("base"))
        run(*self.command("check", kernel, fs, "pairs", str(first)))
        self.check_log.read()
        return Group(self.check_log, start, first, model.tree(os.path.join(self.share, "tree")))

    def open_session(self, kernel, fs):
        """The guest takes disk after disk from now on."""
        words = self.command("check", kernel, fs, "recover")
        words.remove("-n")
        words[words.index("--timeout") + 1] = "0"
        self.session = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def close_session(self):
        self.session.stdin.close()
        self.session.kill()
        self.session.wait()

    def evidence(self, kernel, fs, archive):
        print(file=self.session.stdin, flush=True)
        if not select.select([self.session.stdout], [], [], PATIENCE)[0]:
            subprocess.run([LAB, "cut", "check"], capture_output=True, check=False)
            raise Failed(f"the guest hasn't mounted it in {PATIENCE} s")
        answer = self.session.stdout.readline().strip()
        if answer != "ok":
            raise Failed(answer or "the guest is gone")
        run("/sbin/e2fsck", "-fn", f"{self.image('check')}?offset={FILES[0]}")
        return self.written_down()

    def cut(self, name, kernel, fs, durable, group):
        if not self.checker:
            raise Failed("the guest went down with the cut before")
        copy(self.image("check"), self.image("cut"))
        try:
            log, tree = self.evidence(kernel, fs, None)
            wrong = [*model.compare(log, tree, {}), *lost(group.tree, tree, durable)]
        except Failed as failed:
            wrong = [str(failed)]
        self.result(name, wrong, "" if wrong else f"{len(log)} records, {len(tree)} names, {len(durable)} pairs durable")
        if wrong:
            self.preserve(name, self.image("cut"))
        elif len(durable) == 2 * len(OPERATIONS) and not self.tested_itself:
            self.tested_itself = True
            self.test_checker(log, tree, durable)

    def group(self, rnd, kernel, fs, first, count):
        """@count: how many cuts; None: all."""
        group = self.record(kernel, fs, first)
        flushes = group.flushes()
        # the last one has all operations in it, for the check of the check
        chosen = flushes if count is None else sorted([*rnd.sample(flushes[:-1], min(count, len(flushes)) - 1), flushes[-1]])
        self.open_session(kernel, fs)
        try:
            self.cut_at(rnd, kernel, fs, group, chosen)
        finally:
            self.close_session()
        self.result(f"the kernel has nothing to say ({OPERATIONS[first]}, {fs}, {kernel})", self.complaints("check"))

    def cut_at(self, rnd, kernel, fs, group, flushes):
        disk = Disk(self.image("base"), self.image("disk"), group.log, group.start)
        for place in flushes:
            places = [place]
            if rnd.random() < BETWEEN:
                places.insert(0, rnd.randrange(group.log.durable(place - 1) + 1, place))
            for number in places:
                how = disk.cut(rnd, number, self.image("check"))
                name = f"{group.at(number)} {fs} {kernel} ({f'flush at write {number}' if number == place else how})"
                self.cut(name, kernel, fs, group.durable(number), group)

    # ---- does the check catch what it is for? ----

    def test_checker(self, log, tree, durable):
        for name in ("CREATE", "RENAME", "LINK", "UNLINK", "MKDIR", "RMDIR", "SYMLINK", "SETATTR", "SETXATTR", "CLOSE"):
            changed = mutation_of_log(lambda record, _, op=name: record.op == op)(log, tree, {})
            self.result(f"the check notices a {name} that isn't in the log", [] if changed and model.compare(*changed) else ["it doesn't"])
        gone = {path: found for path, found in tree.items() if path != durable[0]}
        self.result("the check notices a pair that was durable", [] if lost(tree, gone, durable) else ["it doesn't"])

    def all(self):
        kernels, systems = in_turn("KERNEL", ["6.1", "6.12"]), in_turn("FS", ["ext3", "ext4"])
        wanted = os.environ.get("PAIRS") or "40"
        rnd = random.Random(f"pairs {self.seed}")
        if wanted == "all":
            work = [(kernel, fs, first, None) for kernel in kernels for fs in systems for first in range(len(OPERATIONS))]
        else:
            # a few of each of two groups on each kernel; a recording costs as much as some cuts
            count = -(-int(wanted) // (2 * len(kernels)))
            work = [(kernel, systems[at % len(systems)], first, count) for kernel in kernels
                    for at, first in enumerate(rnd.sample(range(len(OPERATIONS)), 2))]
        for kernel, fs, first, count in work:
            self.boot(kernel, fs)
            try:
                self.group(rnd, kernel, fs, first, count)
            except Failed as failed:
                self.result(f"{OPERATIONS[first]} {fs} {kernel}", [str(failed)])
        return self.end()

    def boot(self, kernel, fs):
        if self.checker != kernel:
            self.make_disk(self.image("base"), fs)
            self.boot_checker(kernel)


def same(one, other):
    return one.__dict__ == other.__dict__


def lost(final, found, durable):
    """What of the pairs that were durable isn't as it is in the end."""
    return [f"{path!r} isn't as it was made durable" for path in final
            if path.split(b"/")[0] in durable and (path not in found or not same(final[path], found[path]))]


if __name__ == "__main__":
    sys.exit(main(Pairs))
