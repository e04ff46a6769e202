# SPDX-License-Identifier: GPL-2.0-or-later
"""Installs what the lab needs, through apt. Guests' kernels are unpacked, not installed: this machine boots what it booted."""
import fcntl
import os
import shutil

import checkpatch
import debug_kernel
import kernels
import sid_kernel
from archive import Apt, call, with_backports
from common import CACHE, LabError, read_text, write_text

PACKAGES = ("qemu-system-x86", "busybox-static", "e2fsprogs", "kmod", "attr", "acl", "iproute2", "iputils-ping", "procps",
            "xz-utils", "zstd", "gcc", "gcc-12", "libc6-dev", "libelf1", "pahole", "make", "linux-headers-amd64", "perl", "sparse", "dmsetup")


def missing(packages):
    listing = call("dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *packages, quiet=True)
    present = {line.split()[0] for line in listing.splitlines() if line.endswith(" installed")}
    return [package for package in packages if package not in present]


def unpack(apt, packages, root):
    for package in packages:
        path = apt.download(package, os.path.join(CACHE, "packages"))
        call("dpkg", "-x", path, root)
        os.unlink(path)


def unpack_kernel(apt, release, root):
    packages = [f"linux-image-{release}"]
    if not os.path.exists(f"/usr/src/linux-headers-{release}"):
        number = release.removesuffix("-amd64")
        packages += [f"linux-headers-{release}", f"linux-headers-{number}-common", f"linux-kbuild-{number}"]
    unpack(apt, packages, root)
    if not os.path.exists(os.path.join(root, "lib/modules")):
        raise LabError(f"linux-image-{release} has no /lib/modules", 1)
    call("/sbin/depmod", "-b", root, release)


def relocate_headers(release, built, root):
    """The headers' Makefile names the common ones by absolute path."""
    makefile = os.path.join(built, "usr/src", f"linux-headers-{release}", "Makefile")
    text = read_text(makefile)
    if text is not None:
        write_text(makefile, text.replace("include /usr/src/", f"include {root}/usr/src/"))


def set_up_kernel(version, machine, choose_backports):
    present = kernels.available(version)
    if any(os.path.exists(kernel.headers) for kernel in present):
        return
    machine.update()
    apt, release = machine, kernels.release_with_headers(version) or machine.newest_release(version)
    if not release:
        apt = choose_backports()
        apt.update()
        release = apt.newest_release(version)
    if not release:
        raise LabError(f"apt offers no kernel {version} with headers, nor do this machine's backports", 1)
    # Beside first, then renamed: a kernel that is there is there whole.
    root = kernels.unpacked_root(version)
    shutil.rmtree(f"{root}.new", ignore_errors=True)
    os.makedirs(f"{root}.new")
    unpack_kernel(apt, release, f"{root}.new")
    relocate_headers(release, f"{root}.new", root)
    shutil.rmtree(root, ignore_errors=True)
    os.rename(f"{root}.new", root)


def main(versions):
    if os.geteuid():
        raise LabError("setup installs packages: run it as root", 2)
    os.makedirs(CACHE, exist_ok=True)
    with open(os.path.join(CACHE, "lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        machine = Apt()
        wanted = missing([*PACKAGES, *(debug_kernel.PACKAGES if kernels.DEBUG in versions else ()),
                          *(sid_kernel.PACKAGES if kernels.SID in versions else ())])
        if wanted:
            machine.install(wanted)
        checkpatch.set_up(machine)
        for version in versions:
            if version == kernels.SID:
                sid_kernel.set_up()
            elif version != kernels.DEBUG:
                set_up_kernel(version, machine, with_backports)
    if kernels.DEBUG in versions:
        debug_kernel.build()
    for version in versions:
        print(f"lab: kernel {version} is {kernels.find(version).release}")
