# SPDX-License-Identifier: GPL-2.0-or-later
"""Installs what the lab needs, through apt. Guests' kernels are unpacked, not installed: this machine boots what it booted."""
import fcntl
import glob
import os
import re
import shutil
import subprocess

import kernels
from common import CACHE, LabError, read_text, write_text

PACKAGES = ("qemu-system-x86", "busybox-static", "e2fsprogs", "kmod", "attr", "acl", "iproute2", "iputils-ping", "procps",
            "xz-utils", "zstd", "gcc", "gcc-12", "libc6-dev", "libelf1", "pahole", "make", "linux-headers-amd64")
LOCK = ["-o", "DPkg::Lock::Timeout=600"]


def call(*command, quiet=False):
    """Output of a command that must succeed."""
    result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False,
                            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
    if result.returncode and not quiet:
        raise LabError(f"{' '.join(command)} failed:\n{result.stdout[-2000:]}{result.stderr[-2000:]}", 1)
    return result.stdout


class Apt:
    """apt with this machine's sources, or with sources of our own beside them."""

    def __init__(self, options=()):
        self.options = list(options)
        self.updated = False

    def update(self):
        if not self.updated:
            call("apt-get", "-q", *LOCK, *self.options, "update")
        self.updated = True

    def install(self, packages):
        print(f"lab: installing {' '.join(packages)}", flush=True)
        self.update()
        call("apt-get", "-q", "-y", *LOCK, *self.options, "install", "--no-install-recommends", *packages)

    def download(self, package, directory):
        print(f"lab: downloading {package}", flush=True)
        os.makedirs(directory, exist_ok=True)
        command = ["apt-get", "-q", *self.options, "-o", "APT::Sandbox::User=root", "download", package]
        result = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
        found = glob.glob(os.path.join(directory, f"{glob.escape(package)}_*.deb"))
        if result.returncode or not found:
            raise LabError(f"can't download {package}: {result.stderr}", 1)
        return found[0]

    def newest_release(self, version):
        """The newest kernel release of a version that is offered with headers."""
        pattern = rf"^linux-(image|headers)-({re.escape(version)}\.[0-9][^ ]*[0-9]-amd64) "
        listing = call("apt-cache", *self.options, "search", "--names-only", f"^linux-(image|headers)-{re.escape(version)}")
        found = {"image": set(), "headers": set()}
        for kind, release in re.findall(pattern, listing, re.MULTILINE):
            if not re.search(r"rt|cloud|dbg|unsigned", release):
                found[kind].add(release)
        both = found["image"] & found["headers"]
        return max(both, key=kernels.numbers, default=None)


def with_backports():
    """This machine's apt sources and, made from them, the backports suite of the same archive; the machine's own stay as they are."""
    codename = re.search(r"^VERSION_CODENAME=(\w+)", read_text("/etc/os-release", ""), re.MULTILINE)
    if not codename:
        raise LabError("no VERSION_CODENAME in /etc/os-release: is this Debian?", 1)
    suite = codename[1]
    directory = os.path.join(CACHE, "apt")
    parts, lists = os.path.join(directory, "sources.list.d"), os.path.join(directory, "lists")
    shutil.rmtree(parts, ignore_errors=True)
    os.makedirs(parts)
    os.makedirs(os.path.join(lists, "partial"), exist_ok=True)
    derived = {"list": [], "sources": []}
    for path in ["/etc/apt/sources.list", *glob.glob("/etc/apt/sources.list.d/*")]:
        kind, text = path.rsplit(".", 1)[-1], read_text(path)
        if kind not in derived or text is None:
            continue
        write_text(os.path.join(parts, os.path.basename(path)), text)
        derived[kind] += backports_lines(text, suite) if kind == "list" else backports_stanzas(text, suite)
    if not any(derived.values()):
        raise LabError(f"no apt source of this machine offers the suite {suite}: can't tell where {suite}-backports is", 1)
    for kind, entries in derived.items():
        if entries:
            write_text(os.path.join(parts, f"lab-backports.{kind}"), "\n".join(entries[:1]) + "\n")
    return Apt(["-o", "Dir::Etc::SourceList=/dev/null", "-o", f"Dir::Etc::SourceParts={parts}", "-o", f"Dir::State::Lists={lists}"])


def backports_lines(text, suite):
    """From "deb [options] URI SUITE components"."""
    return [re.sub(rf"\s{suite}\s", f" {suite}-backports ", line, count=1)
            for line in text.splitlines() if re.match(rf"deb\s.*\s{suite}\s", line)]


def backports_stanzas(text, suite):
    """From deb822 stanzas whose Suites name the suite itself."""
    found = []
    for stanza in re.split(r"\n\s*\n", text):
        suites = re.search(r"^Suites:(.*)$", stanza, re.MULTILINE)
        disabled = re.search(r"^Enabled:\s*no", stanza, re.MULTILINE)
        if suites and suite in suites[1].split() and not disabled:
            found.append(stanza.replace(suites[0], f"Suites: {suite}-backports"))
    return found


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
        wanted = missing(PACKAGES)
        if wanted:
            machine.install(wanted)
        for version in versions:
            set_up_kernel(version, machine, with_backports)
    for version in versions:
        print(f"lab: kernel {version} is {kernels.find(version).release}")
