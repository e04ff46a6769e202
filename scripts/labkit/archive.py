# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's archive, through apt: with this machine's sources, or with another suite of the same archive."""
import glob
import os
import re
import shutil
import subprocess

import kernels
from common import CACHE, LabError, read_text, write_text

LOCK = ["-o", "DPkg::Lock::Timeout=600"]


def call(*command, quiet=False):
    """Output of a command that must succeed."""
    result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False,
                            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
    if result.returncode and not quiet:
        raise LabError(f"{' '.join(command)} failed:\n{result.stdout[-2000:]}{result.stderr[-2000:]}", 1)
    return result.stdout


class Apt:
    """apt with this machine's sources, or with sources of our own."""

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

    def download_whole(self, packages, directory):
        """The packages and all that they need on a machine that has nothing; the paths."""
        print(f"lab: downloading {' '.join(packages)}, and what they need", flush=True)
        os.makedirs(os.path.join(directory, "partial"), exist_ok=True)
        call("apt-get", "-q", "-y", *self.options, "-o", "APT::Sandbox::User=root", "-o", "Dir::State::status=/dev/null",
             "-o", f"Dir::Cache::archives={directory}", "install", "--no-install-recommends", "--download-only", *packages)
        return glob.glob(os.path.join(directory, "*.deb"))

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


def codename():
    found = re.search(r"^VERSION_CODENAME=(\w+)", read_text("/etc/os-release", ""), re.MULTILINE)
    if not found:
        raise LabError("no VERSION_CODENAME in /etc/os-release: is this Debian?", 1)
    return found[1]


def with_backports():
    """This machine's sources and the backports suite."""
    return with_suite(f"{codename()}-backports", beside=True)


def with_suite(suite, beside=False):
    """A suite of the archive that this machine's own is from, alone or beside its sources; the machine's own stay as they are."""
    directory = os.path.join(CACHE, "apt", suite)
    parts, lists = os.path.join(directory, "sources.list.d"), os.path.join(directory, "lists")
    shutil.rmtree(parts, ignore_errors=True)
    os.makedirs(parts)
    os.makedirs(os.path.join(lists, "partial"), exist_ok=True)
    own, derived = codename(), {"list": [], "sources": []}
    for path in ["/etc/apt/sources.list", *glob.glob("/etc/apt/sources.list.d/*")]:
        kind, text = path.rsplit(".", 1)[-1], read_text(path)
        if kind not in derived or text is None:
            continue
        if beside:
            write_text(os.path.join(parts, os.path.basename(path)), text)
        derived[kind] += lines_for(text, own, suite) if kind == "list" else stanzas_for(text, own, suite)
    if not any(derived.values()):
        raise LabError(f"no apt source of this machine offers the suite {own}: can't tell where {suite} is", 1)
    for kind, entries in derived.items():
        if entries:
            write_text(os.path.join(parts, f"lab-{suite}.{kind}"), "\n".join(entries[:1]) + "\n")
    return Apt(["-o", "Dir::Etc::SourceList=/dev/null", "-o", f"Dir::Etc::SourceParts={parts}", "-o", f"Dir::State::Lists={lists}"])


def lines_for(text, own, suite):
    """From "deb [options] URI SUITE components"."""
    return [re.sub(rf"\s{own}\s", f" {suite} ", line, count=1)
            for line in text.splitlines() if re.match(rf"deb\s.*\s{own}\s", line)]


def stanzas_for(text, own, suite):
    """From deb822 stanzas whose Suites name the machine's own."""
    found = []
    for stanza in re.split(r"\n\s*\n", text):
        suites = re.search(r"^Suites:(.*)$", stanza, re.MULTILINE)
        disabled = re.search(r"^Enabled:\s*no", stanza, re.MULTILINE)
        if suites and own in suites[1].split() and not disabled:
            found.append(stanza.replace(suites[0], f"Suites: {suite}"))
    return found
