# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs a command in a guest; agent.c is the other end and describes the frames. Kept small: it starts for every command."""
import os
import socket
import struct
import sys
import threading
import time

from common import LAB, LabError, Process, read_text

ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "USER": "root",
    "LANG": "C.UTF-8",
    "DOTNET_CLI_HOME": "/tmp",
    "DOTNET_NOLOGO": "1",
}
LOST = 125


FAULTS = ("Kernel panic", "Oops:", "BUG:")


def console_tail(name):
    """The last 40 lines of this boot; more, when what the kernel calls its fault stands above a long trace."""
    text = read_text(os.path.join(LAB, "guests", name, "console.log")) or ""
    lines = text[max(text.rfind("---- start of "), 0):].splitlines()[-200:]
    faults = [index for index, line in enumerate(lines) if any(fault in line for fault in FAULTS)]
    lines = lines[min([len(lines) - 40, *faults]) if len(lines) > 40 else 0:]
    return "\n".join(f"  | {line}" for line in lines)


def frame(kind, payload=b""):
    return kind + struct.pack("<I", len(payload)) + payload


class Connection:
    def __init__(self, name, timeout):
        directory = os.path.join(LAB, "guests", name)
        port = read_text(os.path.join(directory, "port"))
        self.process = Process(os.path.join(directory, "process"))
        if port is None or self.process.pid is None:
            raise LabError(f"{name} is not running (start it with 'scripts/lab start {name}')")
        self.name = name
        try:
            self.socket = socket.create_connection(("127.0.0.1", int(port)), 10)
        except OSError as error:
            raise LabError(f"{name} is not running: {error}") from error
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.timeout = timeout
        self.end = time.monotonic() + timeout if timeout else None
        self.limit_wait()
        self.buffer = bytearray()
        self.lock = threading.Lock()
        self.send(frame(b"k", read_text(os.path.join(directory, "token")).encode()))

    def limit_wait(self):
        self.socket.settimeout(None if self.end is None else max(self.end - time.monotonic(), 0.001))

    def send(self, data):
        with self.lock:
            self.socket.sendall(data)

    def request(self, argv, env, terminal=None):
        words = {**ENVIRONMENT, "LAB_GUEST": self.name, **env}
        parts = [frame(b"e", os.fsencode(f"{name}={value}")) for name, value in words.items()]
        parts += [frame(b"a", os.fsencode(word)) for word in argv]
        if terminal:
            parts.append(frame(b"t", b"%d %d" % terminal))
        self.send(b"".join(parts) + frame(b"x"))

    def frames(self):
        while True:
            while len(self.buffer) >= 5:
                length = struct.unpack_from("<I", self.buffer, 1)[0]
                if len(self.buffer) < 5 + length:
                    break
                yield self.buffer[:1], bytes(self.buffer[5:5 + length])
                del self.buffer[:5 + length]
            self.buffer += self.receive()

    def receive(self):
        self.limit_wait()
        try:
            data = self.socket.recv(1 << 18)
        except TimeoutError:
            raise LabError(f"{self.name}: the command was not done after {self.timeout:g} s and was killed", LOST) from None
        except ConnectionError:
            data = b""
        if not data:
            # QEMU closes its sockets one by one as it ends: whoever is told of the end finds no guest to connect to.
            self.process.wait(10)
            raise LabError(f"{self.name} went down; end of its console:\n{console_tail(self.name)}", LOST)
        return data


def write_all(fd, data):
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view):]


def feed_input(connection):
    try:
        while data := os.read(0, 1 << 16):
            connection.send(frame(b"i", data))
        connection.send(frame(b"i"))
    except OSError:
        pass  # the command has ended


def relay(connection):
    for kind, payload in connection.frames():
        if kind == b"x":
            break
        write_all(1 if kind == b"o" else 2, payload)
    return struct.unpack("<I", payload)[0]


def run(name, argv, env=None, with_input=True, timeout=600.0):
    connection = Connection(name, timeout)
    connection.request(argv, env or {})
    if with_input:
        threading.Thread(target=feed_input, args=[connection], daemon=True).start()
    else:
        connection.send(frame(b"i"))
    return relay(connection)


def capture(name, argv, timeout=60.0):
    """(exit code, output) of a command."""
    connection = Connection(name, timeout)
    connection.request(argv, {})
    connection.send(frame(b"i"))
    output = bytearray()
    for kind, payload in connection.frames():
        if kind == b"x":
            break
        output += payload
    return struct.unpack("<I", payload)[0], bytes(output)


def shell(name):
    import fcntl
    import signal
    import termios
    import tty

    def window():
        rows, columns = struct.unpack("HHHH", fcntl.ioctl(0, termios.TIOCGWINSZ, bytes(8)))[:2]
        return rows, columns

    if not os.isatty(0):
        return run(name, ["/bin/bash"], timeout=0)
    connection = Connection(name, 0)
    # Without the start-up files of whoever owns the host: they may take long under emulation.
    environment = {"TERM": os.environ.get("TERM", "linux"), "PS1": f"root@{name}:\\w# "}
    connection.request(["/bin/bash", "--noprofile", "--norc", "-i"], environment, window())
    signal.signal(signal.SIGWINCH, lambda *_: connection.send(frame(b"w", b"%d %d" % window())))
    before = termios.tcgetattr(0)
    try:
        tty.setraw(0, termios.TCSADRAIN)  # what was typed already counts
        threading.Thread(target=feed_input, args=[connection], daemon=True).start()
        return relay(connection)
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)


def main(args):
    env, with_input, timeout = {}, True, 600.0
    while args and args[0].startswith("-"):
        option = args.pop(0)
        if option == "-n":
            with_input = False
        elif option == "--env" and args and "=" in args[0]:
            name, value = args.pop(0).split("=", 1)
            env[name] = value
        elif option == "--timeout" and args:
            timeout = float(args.pop(0))
        else:
            raise LabError(f"run: bad option {option}", 2)
    name = args.pop(0) if args else ""
    if args and args[0] == "--":
        args.pop(0)
    if not args:
        raise LabError("usage: lab run [-n] [--env NAME=VALUE] [--timeout SECONDS] NAME [--] COMMAND...", 2)
    try:
        code = run(name, args, env, with_input, timeout)
    except BrokenPipeError:
        code = 141
    sys.stdout.flush()
    os._exit(code)  # the thread that reads our input may be blocked for good
