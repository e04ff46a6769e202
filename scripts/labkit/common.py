# SPDX-License-Identifier: GPL-2.0-or-later
"""Places, errors, and processes that are ours."""
import os
import select
import signal

KIT = os.path.dirname(os.path.realpath(__file__))
CHECKOUT = os.path.dirname(os.path.dirname(KIT))
LAB = os.path.realpath(os.environ.get("LAB_DIR") or os.path.join(CHECKOUT, ".lab"))
CACHE = os.environ.get("LAB_CACHE") or "/var/cache/intermezzo-lab"


def cache_directory():
    """For what can be made again and serves every lab: beside the unpacked kernels where we may write, else in the lab."""
    shared = os.path.join(CACHE, "made")
    try:
        os.makedirs(shared, exist_ok=True)
    except OSError:
        pass
    directory = shared if os.access(shared, os.W_OK) else os.path.join(LAB, "cache")
    os.makedirs(directory, exist_ok=True)
    return directory


class LabError(Exception):
    def __init__(self, message, code=125):
        super().__init__(message)
        self.code = code


def read_text(path, default=None):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return default


def write_text(path, text, mode=0o644):
    """Replaces the file at once: a reader sees the old text or the new one."""
    temporary = f"{path}.{os.getpid()}"
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(temporary, path)


def start_time(pid):
    """Tells a process from a later one with the same number; None if there is none."""
    text = read_text(f"/proc/{pid}/stat")
    if text is None:
        return None
    fields = text[text.rindex(")") + 2:].split()
    return None if fields[0] == "Z" else int(fields[19])


class Process:
    """A process that the lab started, remembered in a file as number and start time."""

    def __init__(self, path):
        self.path = path

    def record(self, pid):
        write_text(self.path, f"{pid} {start_time(pid)}\n")

    @property
    def pid(self):
        words = (read_text(self.path) or "").split()
        return int(words[0]) if len(words) == 2 and str(start_time(words[0])) == words[1] else None

    def wait(self, seconds):
        """True when it has ended."""
        pid = self.pid
        if pid is None:
            return True
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            return True
        try:
            return bool(select.select([handle], [], [], seconds)[0])
        finally:
            os.close(handle)

    def kill(self):
        pid = self.pid
        if pid is None:
            return
        handle = os.pidfd_open(pid)
        try:
            if self.pid == pid:
                signal.pidfd_send_signal(handle, signal.SIGKILL)
            select.select([handle], [], [], 30)
        finally:
            os.close(handle)
