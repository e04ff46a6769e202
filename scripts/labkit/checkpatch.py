# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel's checkpatch.pl and the lists it reads, in the cache. Of Debian's packages only the whole source has them."""
import os
import shutil
import subprocess

from common import CACHE, LabError

SOURCE = "linux-source-6.1"
FILES = ("checkpatch.pl", "spelling.txt", "const_structs.checkpatch")
DIRECTORY = os.path.join(CACHE, "checkpatch")
INSTALLED = f"/usr/src/{SOURCE}.tar.xz"


def pipe(directory, *commands):
    """Each command reads what the one before wrote; the last one works in the directory."""
    processes, previous = [], subprocess.DEVNULL
    for command in commands:
        last = command is commands[-1]
        process = subprocess.Popen(command, cwd=directory, stdin=previous, stdout=None if last else subprocess.PIPE)
        if processes:
            previous.close()
        previous = process.stdout
        processes.append(process)
    # The last one ends when it has its files: those before may be cut short, so only what it says counts.
    if [process.wait() for process in processes][-1]:
        raise LabError(f"{SOURCE} has not all of {', '.join(FILES)}", 1)


def set_up(apt):
    if os.path.exists(DIRECTORY):
        return
    beside = f"{DIRECTORY}.new"
    shutil.rmtree(beside, ignore_errors=True)
    os.makedirs(beside)
    wanted = ["tar", "-xJ", "--strip-components=2", "--occurrence=1", *(f"{SOURCE}/scripts/{name}" for name in FILES)]
    if os.path.exists(INSTALLED):
        pipe(beside, ["cat", INSTALLED], wanted)
    else:
        apt.update()
        package = apt.download(SOURCE, os.path.join(CACHE, "packages"))
        pipe(beside, ["dpkg-deb", "--fsys-tarfile", package], ["tar", "-xO", f".{INSTALLED}"], wanted)
        os.unlink(package)
    os.rename(beside, DIRECTORY)
