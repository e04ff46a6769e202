# SPDX-License-Identifier: GPL-2.0-or-later
"""All commands but run."""
import argparse
import json
import os
import sys

import client
import kernels
import setup
from common import LabError
from guest import Guest, all_guests, remove_all


def disk(text):
    image, size, *rest = text.split(":") + [""]
    if not image or not size or rest not in ([""], ["log", ""]):
        raise argparse.ArgumentTypeError(f"'{text}' is not IMAGE:SIZE or IMAGE:SIZE:log")
    return image, size, "log" in rest


def share(text):
    host, _, rest = text.partition(":")
    guest, _, mode = rest.partition(":")
    if not os.path.isdir(host) or not guest.startswith("/") or mode not in ("", "ro", "rw"):
        raise argparse.ArgumentTypeError(f"'{text}' is not DIR:GUESTDIR[:rw] with a directory of this machine")
    return os.path.realpath(host), guest, mode or "ro"


def versions(text):
    found = text.split(",")
    unknown = [version for version in found if version not in kernels.KNOWN]
    if unknown:
        raise argparse.ArgumentTypeError(f"unknown kernel {', '.join(unknown)} (known: {', '.join(kernels.KNOWN)})")
    return found


def start(options):
    import acceleration
    options.acceleration = acceleration.choose(options.kernel)
    seconds = Guest(options.name).start(options)
    print(f"lab: {options.name} is ready after {seconds:.1f} s")


def stop(options):
    guests = [Guest(name) for name in options.names]
    for guest in guests:
        guest.ask_to_power_off()
    for guest in guests:
        guest.wait_for_power_off()


def cut(options):
    guests = [Guest(name) for name in options.names]
    for guest in guests:
        guest.require_running()
    for guest in guests:
        guest.cut()


def logs(options):
    guest = Guest(options.name)
    if not os.path.exists(guest.console):
        raise LabError(f"{options.name} was never started")
    with open(guest.console, encoding="utf-8", errors="replace") as file:
        sys.stdout.write(file.read())
    text = guest.kernel_log()
    if text:
        print(f"---- kernel log of {options.name} ----\n{text}", end="")


def status(options):
    rows = []
    for guest in all_guests():
        with open(guest.path("options"), encoding="utf-8") as file:
            known = json.load(file)
        rows.append({"name": guest.name, "state": "up" if guest.running else "down", "pid": guest.process.pid, **known})
    if options.json:
        print(json.dumps(rows))
        return
    for row in rows:
        print(f"{row['name']:12} {row['state']:5} {row['address']:12} {row['kernel']:24} {row['pid'] or ''}")


def kernel(options):
    found = kernels.find(options.version)
    print(found.headers if options.headers else found.release)


def parser(command):
    make = argparse.ArgumentParser(prog=f"lab {command}", add_help=False)
    if command == "setup":
        make.add_argument("--kernels", type=versions, default=list(kernels.DEBIAN))
        return make, lambda options: setup.main(options.kernels)
    if command == "start":
        make.add_argument("name")
        make.add_argument("--kernel", choices=kernels.KNOWN, default=kernels.DEFAULT)
        make.add_argument("--disk", type=disk, action="append", default=[])
        make.add_argument("--state", action="store_true")
        make.add_argument("--mem", type=int, default=1024)
        make.add_argument("--cpus", type=int, default=1)
        make.add_argument("--share", type=share, action="append", default=[])
        make.add_argument("--append", default="")
        make.add_argument("--timeout", type=float, default=120)
        return make, start
    if command in ("stop", "cut"):
        make.add_argument("names", nargs="+")
        return make, stop if command == "stop" else cut
    if command == "status":
        make.add_argument("--json", action="store_true")
        return make, status
    if command == "kernel":
        make.add_argument("version", choices=kernels.KNOWN)
        make.add_argument("--headers", action="store_true")
        return make, kernel
    if command == "clean":
        return make, lambda options: remove_all()
    simple = {
        "shell": lambda options: client.shell(options.name),
        "unplug": lambda options: Guest(options.name).set_link(False),
        "plug": lambda options: Guest(options.name).set_link(True),
        "logs": logs,
        "share": lambda options: print(Guest(options.name).share),
    }
    if command not in simple:
        raise LabError(f"unknown command '{command}' ('scripts/lab help' names them)", 2)
    make.add_argument("name")
    return make, simple[command]


def main(command, args):
    make, action = parser(command)
    return action(make.parse_args(args))
