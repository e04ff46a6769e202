# SPDX-License-Identifier: GPL-2.0-or-later
"""The newest kernel of Debian, sid's. Its headers want sid's compiler and libc: all are unpacked into one tree, and make runs there."""
import os
import re
import shutil

import kernels
from archive import call, with_suite
from common import CACHE, LabError, write_text

PACKAGES = ("bubblewrap",)
# Beside what the headers depend on: what every Debian has, and what the module's checks want.
TOOLS = ("coreutils", "dash", "findutils", "grep", "make", "mawk", "sed", "sparse")

# Stands for the headers: a module is built by make -C HERE M=ITS-DIRECTORY, as with any other kernel's.
MAKEFILE = """\
modules clean:
\t+@bwrap --ro-bind {tree}/usr /usr --symlink usr/bin /bin --symlink usr/sbin /sbin --symlink usr/lib /lib \\
\t\t--symlink usr/lib64 /lib64 --dev /dev --proc /proc --tmpfs /tmp --setenv PATH /usr/bin:/usr/sbin \\
\t\t--bind $(M) $(M) --chdir $(M) make -C /usr/src/linux-headers-{release} M=$(M) $@

.PHONY: modules clean
"""


def newest_release(apt):
    """What the package that always depends on the newest depends on."""
    listing = call("apt-cache", *apt.options, "depends", "linux-headers-amd64")
    found = re.search(r"Depends: linux-headers-(\S+-amd64)$", listing, re.MULTILINE)
    if not found:
        raise LabError("sid offers no linux-headers-amd64", 1)
    return found[1]


def unpack(apt, release, tree):
    packages = [f"linux-{part}-{release}" for part in ("headers", "binary", "modules")]
    archives = os.path.join(CACHE, "packages", "sid")
    shutil.rmtree(archives, ignore_errors=True)
    os.makedirs(tree)
    for path in apt.download_whole([*packages, *TOOLS], archives):
        call("dpkg", "-x", path, tree)
    shutil.rmtree(archives)
    # the one alternative that nobody has chosen here
    os.symlink("mawk", os.path.join(tree, "usr/bin/awk"))
    # kbuild asks it whether sparse is new enough, but it isn't in the package: sid's is
    checker = os.path.join(tree, "usr/src", f"linux-headers-{release.removesuffix('-amd64')}-common", "scripts/checker-valid.sh")
    write_text(checker, "#!/bin/sh\necho 1\n", 0o755)


def lay_out(root, release, final):
    """As the lab finds any unpacked kernel: image, modules, and for the headers what enters the tree."""
    headers = os.path.join(root, "usr/src", f"linux-headers-{release}")
    os.makedirs(headers)
    write_text(os.path.join(headers, "Makefile"), MAKEFILE.format(tree=os.path.join(final, "tree"), release=release))
    os.symlink("tree/usr/lib", os.path.join(root, "lib"))
    os.makedirs(os.path.join(root, "boot"))
    os.symlink(f"../lib/modules/{release}/vmlinuz", os.path.join(root, "boot", f"vmlinuz-{release}"))
    call("/sbin/depmod", "-b", root, release)


def set_up():
    """Once: a newer one comes when the directory has been removed."""
    root = kernels.unpacked_root(kernels.SID)
    if kernels.available(kernels.SID):
        return
    apt = with_suite(kernels.SID)
    apt.update()
    release = newest_release(apt)
    # Beside first, then renamed: a kernel that is there is there whole.
    for directory in (root, f"{root}.new"):
        shutil.rmtree(directory, ignore_errors=True)
    unpack(apt, release, f"{root}.new/tree")
    lay_out(f"{root}.new", release, root)
    os.rename(f"{root}.new", root)
