# SPDX-License-Identifier: GPL-2.0-or-later
"""The initial file system of a guest: busybox, the agent, the drivers that reach the root; and a second part per guest."""
import hashlib
import lzma
import os
import stat
import subprocess

from common import KIT, LabError, cache_directory

DRIVERS = ("virtio_pci", "virtio_net", "virtio_blk", "9p", "9pnet_virtio", "overlay", "crc32c_generic", "ext4")
# What newer kernels have as functions, not as drivers.
OPTIONAL = ("crc32c_generic",)
COMMANDS = ("sh", "mount", "insmod", "mkdir", "cp", "chmod", "ln", "cat", "uname", "hostname", "ip", "switch_root", "sync",
            "poweroff")
BUSYBOX = "/bin/busybox"


class Cpio:
    """An archive in the "newc" format. Reproducible: no times, no owners."""

    def __init__(self):
        self.parts = []
        self.count = 0

    def _entry(self, name, mode, data=b"", device=(0, 0)):
        self.count += 1
        name = name.encode() + b"\0"
        fields = (self.count, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name), 0)
        head = b"070701" + b"".join(b"%08x" % field for field in fields) + name
        for part in (head, data):
            self.parts.append(part + bytes(-len(part) % 4))

    def directory(self, name):
        self._entry(name, stat.S_IFDIR | 0o755)

    def file(self, name, data, mode=0o644):
        self._entry(name, stat.S_IFREG | mode, data)

    def link(self, name, target):
        self._entry(name, stat.S_IFLNK | 0o777, target.encode())

    def console(self):
        self._entry("dev/console", stat.S_IFCHR | 0o600, device=(5, 1))

    def bytes(self):
        self._entry("TRAILER!!!", 0)
        return b"".join(self.parts)


def read_bytes(path):
    with open(path, "rb") as file:
        return file.read()


def module_name(path):
    return os.path.basename(path).split(".ko")[0].replace("-", "_")


def modules_in_order(kernel):
    """Paths of the drivers and all that they need, each after what it needs."""
    needs, paths = {}, {}
    with open(os.path.join(kernel.modules, "modules.dep"), encoding="utf-8") as file:
        for line in file:
            path, _, dependencies = line.partition(":")
            paths[module_name(path)] = path
            needs[path] = dependencies.split()
    with open(os.path.join(kernel.modules, "modules.builtin"), encoding="utf-8") as file:
        builtin = {module_name(line.strip()) for line in file}
    order = []

    def add(path):
        if path not in order:
            for needed in needs[path]:
                add(needed)
            order.append(path)

    for driver in DRIVERS:
        if driver in paths:
            add(paths[driver])
        elif driver not in builtin and driver not in OPTIONAL:
            raise LabError(f"kernel {kernel.release} has no driver {driver}")
    return order


def module_image(path):
    return lzma.decompress(read_bytes(path)) if path.endswith(".xz") else read_bytes(path)


def agent():
    """The agent, compiled when its source has changed."""
    source = os.path.join(KIT, "agent.c")
    digest = hashlib.sha256(read_bytes(source)).hexdigest()[:16]
    program = os.path.join(cache_directory(), f"agent-{digest}")
    if not os.path.exists(program):
        temporary = f"{program}.{os.getpid()}"
        command = ["gcc", "-std=gnu11", "-O2", "-static", "-Wall", "-Wextra", "-o", temporary, source]
        try:
            subprocess.run(command, check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise LabError(f"can't compile the agent: {error} (did 'scripts/lab setup' run?)") from error
        os.rename(temporary, program)
    return program


def build(kernel):
    """Path of the part that all guests with this kernel share."""
    program, init = agent(), os.path.join(KIT, "init")
    if not os.path.exists(BUSYBOX):
        raise LabError(f"{BUSYBOX} is missing: run 'scripts/lab setup' as root")
    parts = "".join(f"{path} {os.stat(path).st_mtime_ns}\n" for path in (program, init, BUSYBOX, kernel.image, __file__))
    digest = hashlib.sha256(parts.encode()).hexdigest()[:16]
    path = os.path.join(cache_directory(), f"initramfs-{kernel.release}-{digest}.cpio")
    if os.path.exists(path):
        return path
    archive = Cpio()
    for name in ("bin", "dev", "proc", "sys", "modules"):
        archive.directory(name)
    archive.console()
    archive.file("bin/busybox", read_bytes(BUSYBOX), 0o755)
    for name in COMMANDS:
        archive.link(f"bin/{name}", "busybox")
    archive.file("init", read_bytes(init), 0o755)
    archive.file("agent", read_bytes(program), 0o755)
    order = modules_in_order(kernel)
    for module in order:
        archive.file(f"modules/{module_name(module)}.ko", module_image(os.path.join(kernel.modules, module)))
    archive.file("modules/order", "".join(f"{module_name(module)}.ko\n" for module in order).encode())
    with open(f"{path}.{os.getpid()}", "wb") as file:
        file.write(archive.bytes())
    os.rename(f"{path}.{os.getpid()}", path)
    return path


def build_for_guest(kernel, path, configuration, token):
    """The shared part and after it the guest's own: the kernel unpacks both."""
    own = Cpio()
    own.file("lab.conf", configuration.encode())
    own.file("token", token.encode(), 0o600)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(read_bytes(build(kernel)))
        file.write(own.bytes())
