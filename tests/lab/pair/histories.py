#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Histories of the simulator, on two real machines: the same users, cables pulled, daemons killed, power cut.

    LAB_KERNEL=6.12 SEEDS=1-5 tests/lab/pair/histories.py

What a seed's plan says (simulate --plan) is done in a directory of its own, on both machines at the same time, and what breaks
does so while programs work. Then all is mended, and must come to rest: with equal trees, and with each content that somebody closed in a
tree or in a conflict store, unless whoever wrote over it or removed it had seen it (programs.py). A power cut may take what
that machine's disk hadn't got.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import threading

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__)))))
SIMULATE = f"{TOP}/tests/simulation/InterMezzo.Simulation/bin/Release/net10.0/simulate"
PROGRAMS = "/intermezzo/tests/lab/work/programs.py"
MACHINES = ("qube", "t21")
FAULTS = ("Pull", "Plug", "Break", "Kill", "StartDaemon", "CutPower", "PowerOn", "LoseIndex")
KERNEL = os.environ.get("LAB_KERNEL") or "6.12"


class Failed(Exception):
    pass


def pair(*words, check=True, **options):
    """A function of scripts/pair.sh."""
    command = ["bash", "-c", '. "$top/scripts/pair.sh"; "$@"', "pair", *words]
    result = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if check and result.returncode:
        raise Failed(f"{' '.join(words)}: exit code {result.returncode}: {(result.stdout + result.stderr).strip()[-2000:]}")
    return result.stdout


def lab(*words):
    result = subprocess.run([f"{TOP}/scripts/lab", *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if result.returncode:
        raise Failed(f"lab {' '.join(words)}: exit code {result.returncode}: {result.stderr.strip()}")


class Work:
    """One batch of programs on a machine, while other things happen."""

    def __init__(self, who, directory, mark, events):
        self.done, self.lines = threading.Condition(), []
        self.count, self.ended = 0, False
        self.process = subprocess.Popen(
            [f"{TOP}/scripts/lab", "run", who, "--", PROGRAMS, directory, mark], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.process.stdin.write("".join(f"{event}\n" for event in events))
        self.process.stdin.close()
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            with self.done:
                self.lines.append(line.strip())
                self.count += line.startswith("did ")
                self.done.notify_all()
        with self.done:
            self.ended = True
            self.done.notify_all()

    def wait_for(self, count):
        with self.done:
            self.done.wait_for(lambda: self.ended or self.count >= count)

    def end(self, is_cut):
        self.reader.join()
        error = self.process.stderr.read()
        if self.process.wait() and not is_cut:
            raise Failed(f"a program failed: {error.strip()[-1000:]}")
        return self.lines


class History:
    def __init__(self, seed):
        self.seed, self.directory = seed, f"/home/h{seed}"
        self.on, self.running, self.linked = dict.fromkeys(MACHINES, True), dict.fromkeys(MACHINES, True), True
        self.owed, self.over, self.blind, self.batch = set(), set(), 0, 0
        self.story = []

    def run(self):
        pair("on", "qube", "mkdir", self.directory)
        pair("sync_wait", "t21")
        plan = subprocess.run([SIMULATE, "--plan", str(self.seed)], capture_output=True, text=True, check=True).stdout
        waiting = {who: [] for who in MACHINES}
        for line in plan.splitlines():
            kind, machine, *numbers = line.split()
            who = MACHINES[int(machine) % 2]
            if kind not in FAULTS:
                waiting[who].append(f"{kind} {' '.join(numbers[:3])}")
            elif self.is_possible(kind, who):
                self.work(waiting, kind, who, int(numbers[3]))
                waiting = {who: [] for who in MACHINES}
        self.work(waiting, None, None, 0)
        self.mend()

    def is_possible(self, kind, who):
        has_cable = self.on["t21"]
        return {
            "Pull": has_cable and self.linked, "Break": has_cable and self.linked, "Plug": has_cable and not self.linked, "Kill": self.on[who] and self.running[who],
            "StartDaemon": self.on[who] and not self.running[who], "CutPower": self.on[who], "PowerOn": not self.on[who],
        }.get(kind, False)

    def work(self, events, fault, victim, moment):
        """Both machines' programs, and something breaks on the way."""
        self.batch += 1
        working = {}
        for replica, who in enumerate(MACHINES, 1):
            if self.on[who] and events[who]:
                working[who] = Work(who, self.directory, f"{self.seed}.{replica}.{self.batch}", events[who])
                self.story.append(f"{who}: {len(events[who])} events")
        if fault:
            if victim in working:
                working[victim].wait_for(moment % (len(events[victim]) + 1))
            self.story.append(f"{victim}: {fault}")
            self.breaks(fault, victim)
        for who, work in working.items():
            for line in work.end(is_cut=fault == "CutPower" and who == victim):
                word, _, mark = line.partition(" ")
                if word == "closed":
                    self.owed.add(mark)
                elif word == "over":
                    self.over.add(mark)
                self.blind += word == "blind"

    def breaks(self, fault, who):
        if fault in ("Pull", "Break"):
            lab("unplug", "t21")
            self.linked = False
        if fault in ("Plug", "Break"):
            lab("plug", "t21")
            self.linked = True
        elif fault == "Kill":
            pair("kill_daemon", who)
            self.running[who] = False
        elif fault == "StartDaemon":
            self.start(who)
        elif fault == "CutPower":
            lab("cut", who)
            self.on[who] = self.running[who] = False
        elif fault == "PowerOn":
            self.power_on(who)

    def start(self, who):
        pair("daemon", who)
        self.running[who] = True

    def power_on(self, who):
        pair("boot", who)
        self.on[who] = True
        self.linked |= who == "t21"
        replica = MACHINES.index(who) + 1
        left = marks(who, self.directory)
        self.owed = {mark for mark in self.owed if not mark.startswith(f"<{self.seed}.{replica}.") or mark in left}
        self.start(who)

    def mend(self):
        for who in MACHINES:
            if not self.on[who]:
                self.power_on(who)
        if not self.linked:
            lab("plug", "t21")
        for who in MACHINES:
            if not self.running[who]:
                self.start(who)
        pair("sync_wait", "t21", "600")
        pair("equal_trees")


def marks(who, directory):
    return set(pair("on", who, PROGRAMS, "--marks", directory, "/dev/intermezzo0").split())


def check(history, found):
    lost = sorted(history.owed - history.over - found)
    if lost and not history.blind:
        raise Failed(f"in no tree and in no conflict store: {' '.join(lost)}")


def report(failures, name, action, history=None):
    try:
        action()
        print(f"ok - {name} ({KERNEL})", flush=True)
    except Failed as why:
        failures.append(f"{name}: {why}")
        print(f"not ok - {name} ({KERNEL}): {str(why).splitlines()[0]}", flush=True)
        print("\n".join([*(history.story if history else []), str(why)]), flush=True)


def begin():
    pair("boot_both")
    pair("pair")
    for who in MACHINES:
        pair("daemon", who)
    pair("sync_wait", "t21")


def check_all(failures, histories):
    for who in MACHINES:
        pair("kill_daemon", who)
    for history in histories:
        found = set().union(*(marks(who, history.directory) for who in MACHINES))
        name = f"history {history.seed}: each of {len(history.owed)} contents is somewhere"
        report(failures, name + (", but for what was removed unseen" if history.blind else ""), lambda: check(history, found), history)


def main():
    first, _, last = (os.environ.get("SEEDS") or "1-3").partition("-")
    directory, failures, histories = tempfile.mkdtemp(prefix="lab-histories."), [], []
    os.environ.update(top=TOP, kernel=KERNEL, LAB_DIR=directory)
    try:
        report(failures, "two machines in sync", begin)
        for seed in range(int(first), int(last or first) + 1) if not failures else ():
            history = History(seed)
            report(failures, f"history {seed}: the trees are equal at the end", history.run, history)
            if failures:
                break
            histories.append(history)
        report(failures, "no complaint of a kernel", lambda: pair("quiet_kernels"))
        if failures:
            print(pair("pair_logs", check=False))
        else:
            check_all(failures, histories)
    finally:
        subprocess.run([f"{TOP}/scripts/lab", "clean"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)
        shutil.rmtree(directory, ignore_errors=True)
    for failure in failures:
        print(f"--- what failed\n{failure}")
    sys.exit(1 if failures else 0)


main()
