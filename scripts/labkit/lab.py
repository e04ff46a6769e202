# SPDX-License-Identifier: GPL-2.0-or-later
"""What the guests of one lab share: the link, addresses, disks, sockets, and a lock around changes to these."""
import contextlib
import fcntl
import os
import re
import shutil
import subprocess
import sys
import tempfile

from common import KIT, LAB, LabError, Process, read_text, write_text

NETWORK = "10.77.0"
IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
WRITE_LOG_SIZE = 16 << 30


class Lab:
    def __init__(self):
        self.hub = Process(os.path.join(LAB, "hub"))
        os.makedirs(LAB, exist_ok=True)

    @contextlib.contextmanager
    def locked(self):
        with open(os.path.join(LAB, "lock"), "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    # ---- sockets: in a directory with a short name, because the kernel allows 107 bytes ----

    def socket(self, *words):
        return os.path.join(self.socket_directory(), "-".join(words))

    def socket_directory(self):
        record = os.path.join(LAB, "sockets")
        directory = (read_text(record) or "").strip()
        if not directory or not os.path.isdir(directory):
            directory = tempfile.mkdtemp(prefix="lab-")
            write_text(record, directory + "\n")
        return directory

    def remove_sockets(self):
        directory = (read_text(os.path.join(LAB, "sockets")) or "").strip()
        if directory:
            shutil.rmtree(directory, ignore_errors=True)

    # ---- the link ----

    def require_hub(self):
        if self.hub.pid is not None:
            return
        path = self.socket("hub")
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        with open(os.path.join(LAB, "hub.log"), "a", encoding="utf-8") as log:
            process = subprocess.Popen([sys.executable, "-I", os.path.join(KIT, "hub.py"), path], stdin=subprocess.DEVNULL,
                                       stdout=subprocess.PIPE, stderr=log, start_new_session=True)
        if process.stdout.readline() != b"ready\n":
            raise LabError(f"the virtual link did not start: {read_text(os.path.join(LAB, 'hub.log'))}")
        self.hub.record(process.pid)

    def stop_hub(self):
        self.hub.kill()

    # ---- addresses ----

    def address(self, name):
        """A guest keeps its address; every guest knows all names through its /lab/hosts."""
        record = os.path.join(LAB, "addresses")
        addresses = dict(line.split() for line in (read_text(record) or "").splitlines())
        if name not in addresses:
            if len(addresses) >= 200:
                raise LabError("200 guests have been named in this lab: 'scripts/lab clean' begins anew")
            addresses[name] = f"{NETWORK}.{len(addresses) + 1}"
            write_text(record, "".join(f"{key} {value}\n" for key, value in addresses.items()))
        hosts = "127.0.0.1 localhost\n::1 localhost\n" + "".join(f"{value} {key}\n" for key, value in addresses.items())
        for guest in os.listdir(os.path.join(LAB, "guests")):
            write_text(os.path.join(LAB, "guests", guest, "share", "hosts"), hosts)
        return addresses[name]

    # ---- disks ----

    def disk(self, image, size, file_system=None):
        if not IMAGE.fullmatch(image):
            raise LabError(f"'{image}' is no image name (letters, digits, . _ -)", 2)
        directory = os.path.join(LAB, "disks")
        os.makedirs(directory, exist_ok=True)
        path = os.path.join(directory, image)
        if os.path.exists(path):
            return path
        with open(path, "wb") as file:
            file.truncate(size)
        if file_system:
            subprocess.run(["/sbin/mke2fs", "-q", "-F", "-t", file_system, path], check=True)
        return path

    def write_log(self, image):
        """A new, empty log of a disk's writes. Sparse: QEMU doesn't let it grow."""
        path = os.path.join(LAB, "disks", f"{image}.log")
        with open(path, "wb") as file:
            file.truncate(WRITE_LOG_SIZE)
        return path
