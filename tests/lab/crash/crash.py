#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Power cuts by the hundred: after each, the journal must say exactly what is in the tree.

A guest works on a disk whose every write is recorded (load.c), until its power really is cut. From the recording the disk is
rebuilt as a cut at any other moment would have left it (writes.py), which is more than stopping a machine again and again could
show: the part of the unflushed writes that is lost is ours to choose, and a cut costs no boot. A second guest, which stays up,
gets each of these disks in the place of its own, mounts it, so that the module recovers, and writes down log and tree; here
the one is replayed and compared with the other (model.py).

Kinds of cuts: "plain"; "again": the disk of the second guest is recorded, too, and cut during the mount, up to three times in a
row; loads with "trim" have the log copied and trimmed by a process in lento's place, and the copy stands in for what is trimmed.

In the environment: N (40) cuts in all, SEED (1), FS and KERNEL (each of ext3 ext4, 6.1 6.12: all in turn), PER_LOAD (20) cuts of
one load. FS="ext2 delalloc", only by name: where the journal isn't exact, delalloc being an ext4 mounted with its defaults and
stacked upon as a directory. There lento looks for what a cut left without a record, before log and tree are compared. Prints a line per cut and "N passed, M failed"; a failure leaves all that belongs to it below CRASH_KEEP
(build/crash).
"""
import os
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
from collections import Counter

import model
from writes import Disk, WriteLog, copy

HERE = os.path.dirname(os.path.realpath(__file__))
TOP = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
LAB = os.path.join(TOP, "scripts", "lab")
INSIDE = "/intermezzo/tests/lab/crash/guest.sh"

MIB = 1 << 20
DISK, FILES, MARKS = "130M", (1 * MIB, 128 * MIB), (129 * MIB, 1 * MIB)  # start and length of the two partitions
TYPES = {"delalloc": "ext4"}
INEXACT = ("ext2", "delalloc")
OPERATIONS = (6000, 24000)  # how long a load runs
COMPLAINTS = re.compile(r"BUG|WARNING:|Oops|general protection|INFO: (task|possible)|Call Trace|UBSAN|KASAN|EXT4-fs error")


class Failed(Exception):
    pass


def run(*command, timeout=120):
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout, check=False)
    if result.returncode:
        raise Failed(f"{' '.join(command[:4])} ...: exit code {result.returncode}: {(result.stdout + result.stderr).strip()[-600:]}")
    return result.stdout


def in_turn(name, values):
    return os.environ.get(name, "").split() or values


class Rig:
    TOOLS = ("crash/load", "crash/collect", "guest/kml_dump", "guest/journal_device")

    def __init__(self, work):
        self.work, self.share = work, os.path.join(work, "share")
        self.disks = os.path.join(work, "disks")
        self.keep = os.environ.get("CRASH_KEEP") or os.path.join(TOP, "build", "crash")
        self.cuts, self.per_load = int(os.environ.get("N") or 40), int(os.environ.get("PER_LOAD") or 20)
        self.seed = int(os.environ.get("SEED") or 1)
        self.passed = self.failed = 0
        self.checker = None  # kernel of the guest that checks
        self.tested_itself = False
        os.makedirs(self.share)
        os.makedirs(self.disks)
        for tool in self.TOOLS:
            run("gcc", "-O2", "-static", "-o", os.path.join(self.share, os.path.basename(tool)), f"{HERE}/../{tool}.c")

    def result(self, name, wrong, detail=""):
        if wrong:
            self.failed += 1
            print(f"not ok - {name}: {' '.join(wrong[0].split())}" + (f" (and {len(wrong) - 1} more)" if wrong[1:] else ""))
        else:
            self.passed += 1
            print(f"ok - {name}" + (f": {detail}" if detail else ""))
        sys.stdout.flush()

    # ---- guests ----

    def start(self, name, kernel, cpus):
        run(LAB, "start", name, "--kernel", kernel, "--cpus", str(cpus), "--mem", "512", "--disk", f"{name}.img:{DISK}:log",
            "--share", f"{self.share}:/crash:rw", timeout=180)

    def command(self, name, kernel, fs, *words):
        return [LAB, "run", "-n", "--timeout", "120", "--env", f"FS={fs}", "--env", "TOOLS=/crash", "--env", "OUT=/crash",
                "--env", f"MODULE=/intermezzo/build/kernel-{kernel}/intermezzo.ko", name, "--", "sh", INSIDE, *words]

    def complaints(self, name):
        return [line for line in run(LAB, "logs", name).splitlines() if COMPLAINTS.search(line)]

    # ---- the load ----

    def make_disk(self, path, fs):
        """A partition table by hand: two entries of type Linux."""
        with open(path, "wb") as disk:
            disk.truncate(int(DISK[:-1]) * MIB)
            entries = b"".join(struct.pack("<4xB3xII", 0x83, start // 512, length // 512) for start, length in (FILES, MARKS))
            disk.write(entries.rjust(446 + len(entries), b"\0").ljust(510, b"\0") + b"\x55\xaa")
        run(f"mkfs.{TYPES.get(fs, fs)}", "-q", "-F", "-E", f"offset={FILES[0]},nodiscard", path, f"{FILES[1] // 1024}k")

    def load(self, kernel, fs, seed, trim):
        """Runs the load until the power goes; leaves base.img as it was before, load.img as it was after, and the log."""
        disk, base = os.path.join(self.disks, "load.img"), os.path.join(self.disks, "base.img")
        self.make_disk(base, fs)
        copy(base, disk)
        self.start("load", kernel, 2)
        words = ["load", str(seed)] + (["/crash/archive"] if trim else [])
        target = random.Random(seed).randrange(*OPERATIONS)
        with tempfile.TemporaryFile("w+") as errors, subprocess.Popen(
                self.command("load", kernel, fs, *words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True) as load:
            for line in load.stdout:
                if int(line) >= target:
                    break
            complaints = self.complaints("load")
            run(LAB, "cut", "load")
            load.stdout.read()
            errors.seek(0)
            text = errors.read()
        if "went down" not in text:
            raise Failed(f"the load ended by itself: {text[-600:]}")
        self.result(f"the load's kernel has nothing to say ({fs}, {kernel}, seed {seed})", complaints)
        return WriteLog(f"{disk}.log")

    def marks(self, fs, log, number):
        """What was vouched for before write @number: without a journal the names of synced files may be lost."""
        found = {}
        if fs == "ext2":
            return found
        for write in log.writes[:number]:
            if not write.flush and write.offset >= MARKS[0]:
                magic, actor, *done = struct.unpack_from("<II4Q", log.data(write))
                if magic == 0x4B52414D:
                    found[actor] = done
        return found

    # ---- one cut ----

    def boot_checker(self, kernel):
        if self.checker == kernel:
            return
        if self.checker:
            run(LAB, "cut", "check")
        copy(self.image("base"), self.image("check"))  # its partitions are looked for at boot
        self.start("check", kernel, 1)
        self.check_log = WriteLog(self.image("check") + ".log")
        self.checker = kernel

    def image(self, name):
        return os.path.join(self.disks, f"{name}.img")

    def cut_again(self, kernel, fs, rnd):
        """Lets the disk of the second guest be mounted, and cuts that; returns what was done in words."""
        before = self.image("before")
        copy(self.image("check"), before)
        self.check_log.read()
        start = len(self.check_log.writes)
        run(*self.command("check", kernel, fs, "mount"))
        end = len(self.check_log.read())
        disk = Disk(before, self.image("again"), self.check_log, start)
        return disk.cut(rnd, rnd.randint(start, end), self.image("check"))

    def evidence(self, kernel, fs, archive):
        """Mounts the disk of the second guest and returns the records, the tree, and what the dump says at its end."""
        run(*self.command("check", kernel, fs, "check"))
        run("/sbin/e2fsck", "-fn", f"{self.image('check')}?offset={FILES[0]}")
        kml, info = os.path.join(self.share, "kml"), open(os.path.join(self.share, "info"), encoding="ascii").read()
        first = int(re.search(r"first=(\d+)", info)[1])
        if first > 4096:
            self.restore(kml, archive, first)
        return self.written_down()

    def written_down(self):
        dump = run(os.path.join(self.share, "kml_dump"), os.path.join(self.share, "kml"))
        with open(os.path.join(self.share, "dump"), "w", encoding="ascii") as file:
            file.write(dump)
        return model.records(os.path.join(self.share, "dump")), model.tree(os.path.join(self.share, "tree"))

    @staticmethod
    def restore(kml, archive, first):
        """What was trimmed comes back from the copy; that they fit together shows in the record numbers."""
        if not archive:
            raise Failed(f"the log begins at {first}, and nobody has trimmed it")
        with open(archive, "rb") as copy_of_log, open(kml, "r+b") as log:
            copy_of_log.seek(4096)
            log.seek(4096)
            log.write(copy_of_log.read(first - 4096))

    def check(self, name, kernel, fs, archive, marks):
        try:
            log, tree = self.evidence(kernel, fs, archive)
            wrong = model.compare(log, tree, marks)
        except Failed as failed:
            self.result(name, [str(failed)])
            return False
        closed = sum(record.op == "CLOSE" and record.number("flags") & model.RECOVERED > 0 for record in log)
        void = sum(record.state == "VOID" for record in log)
        self.result(name, wrong, f"{len(log)} records, {void} void, {len(tree)} names, {closed} closed by recovery, "
                                 f"{sum(map(sum, marks.values()))} durable" + self.stale(log, tree, wrong))
        if not wrong and len(log) > 500 and b"s1" in tree and any(map(sum, marks.values())) and not self.tested_itself:
            self.tested_itself = True
            self.test_checker(fs, log, tree, marks)
        return not wrong

    @staticmethod
    def stale(log, tree, wrong):
        count = 0 if wrong else len(list(model.stale(model.replay(log, tree), tree)))
        return f", {count} closed and overwritten in place, unsynced" if count else ""

    # ---- does the check catch what it is for? ----

    def test_checker(self, fs, log, tree, marks):
        for name, mutate in (SCAN_MUTATIONS if fs in INEXACT else MUTATIONS).items():
            changed = mutate(log, tree, marks)
            self.result(f"the check notices {name}", [] if changed and model.compare(*changed) else ["it doesn't"])

    def preserve(self, name, before):
        directory = os.path.join(self.keep, re.sub(r"[^A-Za-z0-9.]+", "-", name))
        shutil.rmtree(directory, ignore_errors=True)
        os.makedirs(directory)
        for path in (before, self.image("check"), *(os.path.join(self.share, file) for file in ("tree", "kml", "dump", "info", "archive", "fsck", "lento"))):
            if os.path.exists(path):
                copy(path, directory)
        with open(os.path.join(directory, "dmesg"), "w", encoding="utf-8") as file:
            file.write(subprocess.run([LAB, "logs", "check"], capture_output=True, text=True, check=False).stdout)
        print(f"# kept in {directory}: the disk before recovery and after, log, tree")
        if not subprocess.run([LAB, "run", "-n", "--timeout", "10", "check", "true"], capture_output=True, check=False).returncode == 0:
            self.checker = None

    def round(self, seed, kernel, fs, trim, count):
        log = self.load(kernel, fs, seed, trim)
        archive = os.path.join(self.share, "archive") if trim else None
        self.boot_checker(kernel)
        rnd, total = random.Random(f"cuts {seed}"), len(log.read())
        disk = Disk(self.image("base"), self.image("disk"), log)
        places = sorted(log.busiest(place) if rnd.random() < 0.5 else place
                        for place in (rnd.randrange(1, total) for _ in range(count - 1))) + [None]
        for cut, place in enumerate(places):
            if place is None:
                copy(self.image("load"), self.image("check"))
                how, marks = "the power cut itself", self.marks(fs, log, total)
            else:
                how, marks = disk.cut(rnd, place, self.image("check")), self.marks(fs, log, place)
            again = rnd.choice((0, 0, 1, 3))
            name = f"cut {seed}.{cut} {fs} {kernel}{' trim' if trim else ''}{f' again x{again}' if again else ''} ({how})"
            copy(self.image("check"), self.image("cut"))
            try:
                for _ in range(again):
                    self.cut_again(kernel, fs, rnd)
                    copy(self.image("check"), self.image("cut"))
            except Failed as failed:
                self.result(name, [str(failed)])
                self.preserve(name, self.image("cut"))
                continue
            if not self.check(name, kernel, fs, archive, marks):
                self.preserve(name, self.image("cut"))
        log.close()
        self.result(f"the checking kernel has nothing to say ({fs}, {kernel}, seed {seed})", self.complaints("check"))

    def all(self):
        kernels, systems = in_turn("KERNEL", ["6.1", "6.12"]), in_turn("FS", ["ext3", "ext4"])
        # each of both among the first, for a small N
        kinds = [(kernel, systems[(at + shift) % len(systems)]) for shift in range(len(systems)) for at, kernel in enumerate(kernels)]
        loads = -(-self.cuts // self.per_load)
        # all of one kernel together: the second guest boots once
        order = sorted(range(loads), key=lambda number: kinds[number % len(kinds)][0])
        for number in order:
            kernel, fs = kinds[number % len(kinds)]
            trim = (number + number // len(kinds)) % 2 == 1
            count = min(self.per_load, self.cuts - number * self.per_load)
            try:
                self.round(self.seed + number, kernel, fs, trim, count)
            except Failed as failed:
                self.result(f"load {self.seed + number} {fs} {kernel}", [str(failed)])
        return self.end()

    def end(self):
        if not self.tested_itself:
            self.result("the check is tested itself", ["no cut was good for that"])
        print(f"{self.passed} passed, {self.failed} failed")
        return self.failed > 0


def without(items, index):
    return items[:index] + items[index + 1:]


def first(items, test):
    return next((item for item in items if test(item)), None)


def mutation_of_log(test):
    """The log without the last record that @test finds: one whose effect is there to be seen."""
    def mutate(log, tree, marks):
        index = first(range(len(log) - 1, -1, -1), lambda at: log[at].state != "VOID" and test(log[at], tree))
        return None if index is None else (without(log, index), tree, marks)
    return mutate


def mutation_of_tree(test, **changes):
    """The tree with something changed in the first object that @test finds."""
    def mutate(log, tree, marks):
        found = first(tree.values(), test)
        if not found:
            return None
        changed = model.Found.__new__(model.Found)
        changed.__dict__.update(found.__dict__)
        for what, change in changes.items():
            setattr(changed, what, change(getattr(found, what)))
        return log, {**tree, found.path: changed}, marks
    return mutate


def lives(record, tree):
    """Is its object in the tree?"""
    return any(found.ino == record.key("object")[0] for found in tree.values())


def the_only_word(log, tree, marks):
    """The log without an ENTER of an object of which no other record tells: what a scan tells may have been told before."""
    told = Counter(identity for record in log if record.state != "VOID" for identity in told_of(record))
    index = first(range(len(log)), lambda at: log[at].op == "ENTER" and lives(log[at], tree) and told[log[at].key("object")] == 1)
    return None if index is None else (without(log, index), tree, marks)


def told_of(record):
    return {record.key(field) for field in ("object", "made") if field in record}


def lost_mark(actor_value):
    return lambda log, tree, marks: (log, tree, {actor: [done + 10**6 if what == actor_value else done for what, done in enumerate(values)]
                                                 for actor, values in marks.items()})


MUTATIONS = {
    "a CREATE that isn't in the log": mutation_of_log(lambda r, tree: r.op == "CREATE"),
    "a RENAME that isn't in the log": mutation_of_log(lambda r, tree: r.op == "RENAME"),
    "an UNLINK that isn't in the log": mutation_of_log(lambda r, tree: r.op == "UNLINK"),
    "a SETXATTR that isn't in the log": mutation_of_log(lambda r, tree: r.op == "SETXATTR" and model.raw(r.fields["xattr"]) == b"user.seq"),
    "a CLOSE that isn't in the log": mutation_of_log(lambda r, tree: r.op == "CLOSE" and lives(r, tree)),
    "a name that isn't in the tree": lambda log, tree, marks: (log, {path: found for path, found in tree.items() if path != b"s1"}, marks),
    "another mode": mutation_of_tree(lambda found: found.path, mode=lambda mode: mode ^ 0o2),
    "another owner": mutation_of_tree(lambda found: found.path, uid=lambda uid: uid + 1),
    "a mtime that is a nanosecond later": mutation_of_tree(lambda found: found.prefix, mtime=lambda mtime: mtime + 1),
    "another size": mutation_of_tree(lambda found: found.prefix, size=lambda size: size + 1),
    "an xattr": mutation_of_tree(lambda found: found.path == b"p0", xattrs=lambda xattrs: {**xattrs, b"user.x": b""}),
    "half a cell in a file that is closed": mutation_of_tree(lambda found: found.path == b"p0/new", bad=lambda bad: 1),
    "names that were durable": lost_mark(model.NAMES),
    "appended data that was durable": lost_mark(model.APPENDED),
    "mapped data that was durable": lost_mark(model.MAPPED),
    "a replacement that was durable": lost_mark(model.REPLACED),
}

# What a scan told covers what the log said before.
SCAN_MUTATIONS = {name: mutate for name, mutate in MUTATIONS.items() if not name.endswith("isn't in the log") and name not in (
    "an xattr", "half a cell in a file that is closed")} | {
    "an ENTER that isn't in the log": the_only_word,
}


def main(rig=Rig):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory(prefix="crash.") as work:
        os.environ["LAB_DIR"] = work
        try:
            return rig(work).all()
        finally:
            subprocess.run([LAB, "clean"], capture_output=True, check=False)
            os.makedirs(work, exist_ok=True)  # which clean removes


if __name__ == "__main__":
    sys.exit(main())
