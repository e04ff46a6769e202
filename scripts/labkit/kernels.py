# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernels that guests can boot: installed ones, and ones that setup unpacked into the cache."""
import os
import re

from common import CACHE, LabError

DEFAULT = "6.1"
KNOWN = ("6.1", "6.12")


class Kernel:
    def __init__(self, root, release):
        self.release = release
        self.image = os.path.join(root, "boot", f"vmlinuz-{release}")
        self.modules = os.path.join(root, "lib/modules", release)
        self.headers = f"/usr/src/linux-headers-{release}"
        self.installed = root == "/"

    def preference(self):
        """The newest that modules can be built for."""
        return os.path.exists(self.headers), [int(number) for number in re.findall(r"\d+", self.release)]


def unpacked_root(version):
    return os.path.join(CACHE, "kernels", version)


def available(version):
    found = []
    for root in ("/", unpacked_root(version)):
        try:
            names = os.listdir(os.path.join(root, "boot"))
        except FileNotFoundError:
            continue
        releases = [name.removeprefix("vmlinuz-") for name in names if name.startswith(f"vmlinuz-{version}.")]
        found += [Kernel(root, release) for release in releases if not release.endswith(("-rt-amd64", "-cloud-amd64"))]
    return [kernel for kernel in found if os.path.exists(os.path.join(kernel.modules, "modules.dep"))]


def find(version):
    kernels = available(version)
    if not kernels:
        raise LabError(f"no kernel {version} here: run 'scripts/lab setup --kernels {version}' as root")
    return max(kernels, key=Kernel.preference)
