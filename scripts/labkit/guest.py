# SPDX-License-Identifier: GPL-2.0-or-later
"""One guest: its files, its QEMU, its life."""
import json
import os
import re
import secrets
import shlex
import shutil
import socket
import subprocess
import time

import client
import initramfs
import kernels
from common import CHECKOUT, LAB, LabError, Process, read_text, write_text
from lab import Lab
from qmp import Qmp

NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")
PARAMETERS = ("console=ttyS0 loglevel=5 panic=-1 oops=panic nowatchdog mitigations=off nokaslr tsc=reliable no_timer_check "
              "random.trust_cpu=on cryptomgr.notests")
STATE_SIZE = "1G"


def size_in_bytes(text):
    match = re.fullmatch(r"(\d+)([KMGT]?)", text)
    if not match:
        raise LabError(f"{text} is no size (64M, 2G)", 2)
    return int(match[1]) << {"": 0, "K": 10, "M": 20, "G": 30, "T": 40}[match[2]]


class Guest:
    def __init__(self, name):
        if not NAME.fullmatch(name):
            raise LabError(f"'{name}' is no guest name (small letters, digits, -)", 2)
        self.name = name
        self.directory = os.path.join(LAB, "guests", name)
        self.share = os.path.join(self.directory, "share")
        self.console = os.path.join(self.directory, "console.log")
        self.process = Process(os.path.join(self.directory, "process"))

    def path(self, name):
        return os.path.join(self.directory, name)

    @property
    def running(self):
        return self.process.pid is not None

    def require_running(self):
        if not self.running:
            raise LabError(f"{self.name} is not running")

    # ---- start ----

    def start(self, options):
        began = time.monotonic()
        lab = Lab()
        with lab.locked():
            if self.running:
                raise LabError(f"{self.name} is running already")
            os.makedirs(self.share, exist_ok=True)
            address = lab.address(self.name)
            lab.require_hub()
            kernel = kernels.find(options.kernel)
            self.prepare(kernel, options, address)
            self.launch(self.command(kernel, options, lab, address), lab)
        try:
            self.wait_until_ready(lab, options.timeout)
            write_text(self.path("port"), self.management_port(lab))
        except BaseException:
            self.cut()
            raise
        finally:
            self.events.close()
        return time.monotonic() - began

    def prepare(self, kernel, options, address):
        shares = [f"share{number}:{guest}:{mode}" for number, (_, guest, mode) in enumerate(options.share)]
        configuration = {
            "NAME": self.name,
            "ADDRESS": address,
            "CHECKOUT": CHECKOUT,
            "SHARES": " ".join(shares),
            "MODULES": "" if kernel.installed else os.path.realpath(kernel.modules),
            "STATE": f"{self.name}-state"[:20] if options.state else "",
        }
        token = secrets.token_hex(16)
        write_text(self.path("token"), token, 0o600)
        text = "".join(f"{key}={shlex.quote(value)}\n" for key, value in configuration.items())
        initramfs.build_for_guest(kernel, self.path("initrd"), text, token)
        write_text(self.path("options"), json.dumps({"kernel": kernel.release, "address": address}))

    def command(self, kernel, options, lab, address):
        number = int(address.rsplit(".", 1)[1])
        command = [
            "qemu-system-x86_64", "-name", f"lab-{self.name}", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
            "-S", "-daemonize", "-pidfile", self.path("qemu.pid"), "-machine", "pc,usb=off,vmport=off,hpet=off",
            # With room for a second CPU even one alone is emulated with its atomic operations and fences. Without them (up
            # to QEMU 8.0, and later for lock prefixes) it now and then misses that a device waits to be told of a request.
            *options.acceleration, "-smp", f"{options.cpus},maxcpus={max(2, options.cpus)}", "-m", str(options.mem),
            "-kernel", kernels.uncompressed(kernel), "-initrd", self.path("initrd"), "-append", f"{PARAMETERS} {options.append}".strip(),
            "-chardev", f"file,id=console,append=on,path={self.console}", "-serial", "chardev:console",
            "-chardev", f"socket,id=events,server=on,wait=off,path={lab.socket(self.name, 'events')}", "-serial", "chardev:events",
            "-qmp", f"unix:{lab.socket(self.name, 'qmp')},server=on,wait=off",
            "-netdev", f"stream,id=link,server=off,addr.type=unix,addr.path={lab.socket('hub')}",
            "-device", f"virtio-net-pci,id=nic,netdev=link,mac=52:54:00:4d:5a:{number:02x},romfile=",
            "-netdev", "user,id=management,restrict=on,ipv6=off,hostfwd=tcp:127.0.0.1:0-10.0.2.15:7",
            "-device", f"virtio-net-pci,netdev=management,mac=52:54:00:4d:5b:{number:02x},romfile=",
        ]
        command += share_options("root", "/", "ro") + share_options("checkout", CHECKOUT, "ro") + share_options("lab", self.share, "rw")
        for index, (host, _, mode) in enumerate(options.share):
            command += share_options(f"share{index}", host, mode)
        disks = list(options.disk)
        if options.state:
            disks.append((f"{self.name}-state.img", STATE_SIZE, False))
        for index, (image, size, logged) in enumerate(disks):
            path = lab.disk(image, size_in_bytes(size), "ext4" if options.state and index == len(options.disk) else None)
            command += disk_options(index, path, lab.write_log(image) if logged else None)
        return command

    def launch(self, command, lab):
        for name in ("events", "qmp"):
            remove(lab.socket(self.name, name))
        remove(self.path("port"))
        with open(self.console, "a", encoding="utf-8") as console:
            console.write(f"---- start of {self.name} {time.strftime('%F %T')} ----\n")
        try:
            result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=False)
        except FileNotFoundError:
            raise LabError("QEMU is missing: run 'scripts/lab setup' as root") from None
        except subprocess.TimeoutExpired:
            raise LabError("QEMU did not start within 30 s") from None
        if result.returncode:
            raise LabError(f"QEMU: {result.stderr.strip()}")
        self.process.record(int(read_text(self.path("qemu.pid"))))
        # Connected before the guest runs, so that no event is lost.
        self.events = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.events.connect(lab.socket(self.name, "events"))
        with self.qmp(lab) as qmp:
            qmp.execute("cont")

    def wait_until_ready(self, lab, timeout):
        end, text = time.monotonic() + timeout, ""
        while "\n" not in text:
            self.events.settimeout(max(end - time.monotonic(), 0.001))
            try:
                data = self.events.recv(4096)
            except TimeoutError:
                raise LabError(f"{self.name} was not ready after {timeout:g} s; end of its console:\n{client.console_tail(self.name)}") from None
            if not data:
                raise LabError(f"{self.name} went down while booting; end of its console:\n{client.console_tail(self.name)}")
            text += data.decode(errors="replace")
        line = text.splitlines()[0].strip()
        if line != "ready":
            raise LabError(f"{self.name} could not boot: {line}; end of its console:\n{client.console_tail(self.name)}")

    def management_port(self, lab):
        with self.qmp(lab) as qmp:
            text = qmp.execute("human-monitor-command", **{"command-line": "info usernet"})
        match = re.search(r"TCP\[HOST_FORWARD\]\s+\d+\s+127\.0\.0\.1\s+(\d+)", text)
        if not match:
            raise LabError(f"QEMU names no management port:\n{text}")
        return match[1]

    # ---- while it runs ----

    def qmp(self, lab):
        self.require_running()
        return Qmp(lab.socket(self.name, "qmp"))

    def set_link(self, up):
        with self.qmp(Lab()) as qmp:
            qmp.execute("set_link", name="nic", up=up)

    def kernel_log(self):
        """What the guest's kernel said; empty when it can't be asked."""
        if not self.running:
            return ""
        try:
            return client.capture(self.name, ["dmesg"], 20)[1].decode(errors="replace")
        except (LabError, OSError):
            return ""

    # ---- end ----

    def ask_to_power_off(self):
        self.require_running()
        connection = client.Connection(self.name, 10)
        connection.send(client.frame(b"p"))
        connection.socket.close()

    def wait_for_power_off(self, seconds=90):
        if not self.process.wait(seconds):
            raise LabError(f"{self.name} did not power off within {seconds} s; end of its console:\n{client.console_tail(self.name)}")
        self.forget()

    def cut(self):
        self.process.kill()
        self.forget()

    def forget(self):
        for name in ("port", "process"):
            remove(self.path(name))
        lab = Lab()
        with lab.locked():
            if not any(guest.running for guest in all_guests()):
                lab.stop_hub()


def all_guests():
    try:
        names = sorted(os.listdir(os.path.join(LAB, "guests")))
    except FileNotFoundError:
        names = []
    return [Guest(name) for name in names]


def remove(path):
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass


def share_options(tag, directory, mode):
    if "," in directory:
        raise LabError(f"{directory}: a directory with a comma in its name can't be shared", 2)
    read_only = ",readonly=on" if mode == "ro" else ""
    return ["-fsdev", f"local,id={tag},path={directory},security_model=none,multidevs=remap{read_only}",
            "-device", f"virtio-9p-pci,fsdev={tag},mount_tag={tag}"]


def supports_direct_io(path):
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_DIRECT))
        return True
    except OSError:
        return False


def disk_options(index, path, log=None):
    """Unbuffered, where the file system can: what survives a cut is then what the guest wrote out, not what we cached for it."""
    cache = "none" if supports_direct_io(path) else "writethrough"
    serial = os.path.basename(path).removesuffix(".img")[:20]
    if log:
        drive = f"if=none,id=disk{index},cache={cache},driver=blklogwrites,file.driver=file,file.filename={path},log.driver=file,log.filename={log}"
    else:
        drive = f"if=none,id=disk{index},file={path},format=raw,cache={cache},discard=unmap"
    return ["-drive", drive, "-device", f"virtio-blk-pci,drive=disk{index},serial={serial}"]


def remove_all():
    lab = Lab()
    for guest in all_guests():
        guest.cut()
    with lab.locked():
        lab.stop_hub()
        lab.remove_sockets()
    shutil.rmtree(LAB)
