#!/usr/bin/python3 -I
# SPDX-License-Identifier: GPL-2.0-or-later
"""In a guest, for permit.sh: does what its input says, line by line, in a tree of 1,000 files a directory.

    permit.py MOUNT SIZE

open: opens a file for writing; says how many milliseconds that took
change K: adds a line to K files
pause, go: lento waits, lento goes on
"""

import os
import signal
import subprocess
import sys
import time


def change(mount, size, count):
    for i in range(count):
        with open(f"{mount}/d{i % (size // 1000)}/f{i // (size // 1000)}", "a", encoding="ascii") as file:
            file.write("changed\n")


def main():
    mount, size = sys.argv[1], int(sys.argv[2])
    lento = int(subprocess.run(["pidof", "lento"], check=True, capture_output=True).stdout)
    for line in sys.stdin:
        what, *count = line.split()
        start = time.monotonic()
        if what == "open":
            os.close(os.open(f"{mount}/d0/f999", os.O_WRONLY))
        elif what == "change":
            change(mount, size, int(count[0]))
        else:
            os.kill(lento, {"pause": signal.SIGSTOP, "go": signal.SIGCONT}[what])
        print(round((time.monotonic() - start) * 1000, 1), flush=True)


main()
