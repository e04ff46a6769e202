# SPDX-License-Identifier: GPL-2.0-or-later
"""How guests are run. Emulation works everywhere; hardware is believed only when a guest has booted with it, in bounded time:
on some hosts /dev/kvm is there and hangs."""
import argparse
import os

from common import LAB, LabError, read_text, write_text

PROBE_SECONDS = 30
EMULATION_CPU = "Nehalem"  # the least that current .NET runs on (x86-64-v2): every feature more is more to emulate


def options(kind):
    if kind == "kvm":
        return ["-accel", "kvm", "-cpu", os.environ.get("LAB_CPU") or "host"]
    if kind == "icount":  # one instruction is one nanosecond: what a program costs is counted, whatever else the host does
        return ["-accel", "tcg,thread=single,tb-size=256", "-icount", "shift=0,sleep=on", "-cpu", os.environ.get("LAB_CPU") or EMULATION_CPU]
    return ["-accel", "tcg,thread=multi,tb-size=256", "-cpu", os.environ.get("LAB_CPU") or EMULATION_CPU]


def choose(kernel):
    wanted = os.environ.get("LAB_ACCEL") or "tcg"
    if wanted in ("tcg", "icount", "kvm"):
        return options(wanted)
    if wanted != "auto":
        raise LabError(f"LAB_ACCEL={wanted}: must be tcg, icount, kvm or auto", 2)
    record = os.path.join(LAB, "acceleration")
    known = (read_text(record) or "").strip()
    if not known:
        known = "kvm" if os.access("/dev/kvm", os.R_OK | os.W_OK) and boots("kvm", kernel) else "tcg"
        write_text(record, known + "\n")
    return options(known)


def boots(kind, kernel):
    from guest import Guest

    guest = Guest("acceleration-probe")
    try:
        guest.start(argparse.Namespace(kernel=kernel, disk=[], state=False, mem=512, cpus=1, share=[], append="",
                                       timeout=PROBE_SECONDS, acceleration=options(kind)))
    except LabError:
        return False
    guest.cut()
    return True
