# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernels that guests can boot: installed ones, and ones that setup unpacked into the cache, or built there."""
import hashlib
import lzma
import os
import re
import struct
import subprocess

from common import CACHE, LabError, cache_directory

DEFAULT = "6.1"
DEBIAN = ("6.1", "6.12")
DEBUG = "debug"  # built here, by debug_kernel.py
SID = "sid"  # the newest, whichever it is; see sid_kernel.py
NAMED = (DEBUG, SID)
KNOWN = (*DEBIAN, *NAMED)


class Kernel:
    def __init__(self, root, release):
        self.release = release
        self.image = os.path.join(root, "boot", f"vmlinuz-{release}")
        self.modules = os.path.join(root, "lib/modules", release)
        own = os.path.join(root, "usr/src", f"linux-headers-{release}")
        self.headers = own if os.path.exists(own) else f"/usr/src/linux-headers-{release}"
        self.installed = root == "/"

    def preference(self):
        """The newest that modules can be built for."""
        return os.path.exists(self.headers), numbers(self.release)


def unpacked_root(version):
    return os.path.join(CACHE, "kernels", version)


def release_with_headers(version):
    """The newest release whose headers are installed, so that image and modules fit."""
    pattern = re.compile(rf"linux-headers-({re.escape(version)}\.[0-9].*-amd64)")
    found = [match[1] for match in map(pattern.fullmatch, os.listdir("/usr/src")) if match]
    return max(found, key=numbers, default=None)


def numbers(release):
    return [int(number) for number in re.findall(r"\d+", release)]


def available(version):
    found, prefix = [], "vmlinuz-" if version in NAMED else f"vmlinuz-{version}."
    for root in (() if version in NAMED else ("/",)) + (unpacked_root(version),):
        try:
            names = os.listdir(os.path.join(root, "boot"))
        except FileNotFoundError:
            continue
        releases = [name.removeprefix("vmlinuz-") for name in names if name.startswith(prefix)]
        found += [Kernel(root, release) for release in releases if not release.endswith(("-rt-amd64", "-cloud-amd64"))]
    return [kernel for kernel in found if os.path.exists(os.path.join(kernel.modules, "modules.dep"))]


def find(version):
    kernels = available(version)
    if not kernels:
        raise LabError(f"no kernel {version} here: run 'scripts/lab setup --kernels {version}' as root")
    return max(kernels, key=Kernel.preference)


def uncompressed(kernel):
    """The kernel itself, out of its self-extracting image: emulated, unpacking takes 5 s of a boot, here it is done once."""
    stamp = hashlib.sha256(f"{kernel.image} {os.stat(kernel.image).st_mtime_ns}".encode()).hexdigest()[:16]
    path = os.path.join(cache_directory(), f"vmlinux-{kernel.release}-{stamp}")
    if os.path.exists(path):
        return path
    with open(kernel.image, "rb") as file:
        image = file.read()
    if image.startswith(b"\x7fELF"):
        return kernel.image
    # The x86 boot protocol: setup sectors, then offset and length of the payload; the payload ends with its unpacked size.
    sectors = image[0x1f1] or 4
    offset, length = struct.unpack_from("<II", image, 0x248)
    begin = (sectors + 1) * 512 + offset
    payload = image[begin:begin + length - 4]
    if payload.startswith(b"\xfd7zXZ"):
        content = lzma.LZMADecompressor().decompress(payload)
    elif payload.startswith(b"\x28\xb5\x2f\xfd"):
        content = subprocess.run(["zstd", "-dcq"], input=payload, stdout=subprocess.PIPE, check=True).stdout
    else:
        raise LabError(f"{kernel.image} is packed in a way that the lab doesn't know")
    with open(f"{path}.{os.getpid()}", "wb") as file:
        file.write(content)
    os.rename(f"{path}.{os.getpid()}", path)
    return path
