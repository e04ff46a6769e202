# SPDX-License-Identifier: GPL-2.0-or-later
"""The debug kernel: Debian's own source of 6.1 with debug.config. Built in the cache; the tree stays, modules are built against it."""
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import time

import kernels
from common import CACHE, KIT, LabError, read_text, write_text

SOURCE = "linux-source-6.1"
PACKAGES = (SOURCE, "flex", "bison", "bc", "libelf-dev")
TARBALL = f"/usr/src/{SOURCE}.tar.xz"
CONFIG = os.path.join(KIT, "debug.config")
# Where QEMU enters the kernel, and what is called there: they run before KASAN has its shadow.
UNCHECKED = ("KASAN_SANITIZE_enlighten.o=n", "KASAN_SANITIZE_string.o=n")


def digest(*parts):
    return hashlib.sha256("\n".join(parts).encode()).hexdigest() + "\n"


def make(tree, log, *words):
    command = ["nice", "make", "-C", tree, f"-j{len(os.sched_getaffinity(0))}", *words]
    # Not with the options (W=1) and the job server of a make that started us.
    environment = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    with open(log, "a", encoding="utf-8") as output:
        result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=environment, check=False)
    if result.returncode:
        raise LabError(f"the debug kernel: make {' '.join(words)} failed; the end of {log}:\n{read_text(log)[-2000:]}", 1)


def unpack(root, tree, source):
    """Anew, when there is another source; beside first, so that a tree that is there is there whole."""
    if read_text(f"{tree}/.lab-source") == source:
        return
    beside = os.path.join(root, "unpacking")
    for directory in (tree, beside):
        shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(beside)
    subprocess.run(["tar", "-xf", TARBALL, "-C", beside], check=True)
    write_text(f"{beside}/{SOURCE}/.lab-source", source)
    os.rename(f"{beside}/{SOURCE}", tree)
    os.rmdir(beside)


def configure(tree, log):
    make(tree, log, f"KCONFIG_ALLCONFIG={CONFIG}", "allnoconfig")
    has = set(read_text(f"{tree}/.config").splitlines())
    wanted = re.findall(r"^CONFIG_.*$", read_text(CONFIG), re.MULTILINE)
    lost = [line for line in wanted if re.sub(r"^(\w+)=n$", r"# \1 is not set", line) not in has]
    if lost:
        raise LabError(f"{SOURCE} doesn't take {', '.join(lost)} of {CONFIG}", 1)


def install(root, tree, log):
    """As a Debian kernel is laid out: the image (not packed: QEMU boots it as it is), lib/modules, what modules are built with."""
    release = read_text(f"{tree}/include/config/kernel.release").strip()
    for name in ("boot", "lib", "usr"):
        shutil.rmtree(os.path.join(root, name), ignore_errors=True)
    make(tree, log, *UNCHECKED, f"INSTALL_MOD_PATH={root}", "modules_install")
    os.makedirs(f"{root}/usr/src")
    os.symlink(tree, f"{root}/usr/src/linux-headers-{release}")
    os.makedirs(f"{root}/boot")
    subprocess.run(["strip", "-o", f"{root}/boot/vmlinuz-{release}", f"{tree}/vmlinux"], check=True)


def build():
    root = kernels.unpacked_root(kernels.DEBUG)
    tree, log, record = (os.path.join(root, name) for name in (SOURCE, "build.log", "built"))
    os.makedirs(root, exist_ok=True)
    # Not setup's lock: it takes long, and others may set up what is quick.
    with open(os.path.join(CACHE, "lock-debug"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        source = digest(str(os.stat(TARBALL).st_size), str(os.stat(TARBALL).st_mtime_ns))
        wanted = digest(source, read_text(CONFIG), *UNCHECKED)
        if read_text(record) == wanted:
            return
        print(f"lab: building the debug kernel; {log} tells how far it is", flush=True)
        began = time.monotonic()
        write_text(log, "")
        unpack(root, tree, source)
        configure(tree, log)
        make(tree, log, *UNCHECKED, "vmlinux", "modules")
        install(root, tree, log)
        write_text(record, wanted)
        print(f"lab: built after {(time.monotonic() - began) / 60:.0f} min", flush=True)
