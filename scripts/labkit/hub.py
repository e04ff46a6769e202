# SPDX-License-Identifier: GPL-2.0-or-later
"""The virtual link: what one guest sends, all others hear. QEMU's stream framing: 4 bytes of length, then the frame.

Only whole frames are passed on, and a guest that doesn't take its frames loses them, as on a real wire.
"""
import os
import selectors
import socket
import struct
import sys

BACKLOG = 8 << 20


class Port:
    def __init__(self, connection):
        self.socket = connection
        self.incoming = bytearray()
        self.outgoing = bytearray()

    def whole_frames(self):
        end = 0
        while len(self.incoming) >= end + 4:
            after = end + 4 + struct.unpack_from("!I", self.incoming, end)[0]
            if after > len(self.incoming):
                break
            end = after
        frames = bytes(self.incoming[:end])
        del self.incoming[:end]
        return frames


class Hub:
    def __init__(self, listener):
        self.listener = listener
        self.selector = selectors.DefaultSelector()
        self.selector.register(listener, selectors.EVENT_READ)
        self.ports = {}

    def add(self):
        connection, _ = self.listener.accept()
        connection.setblocking(False)
        self.ports[connection] = Port(connection)
        self.selector.register(connection, selectors.EVENT_READ)

    def remove(self, port):
        self.selector.unregister(port.socket)
        del self.ports[port.socket]
        port.socket.close()

    def flush(self, port):
        try:
            del port.outgoing[:port.socket.send(port.outgoing)]
        except BlockingIOError:
            pass
        want = selectors.EVENT_READ | (selectors.EVENT_WRITE if port.outgoing else 0)
        self.selector.modify(port.socket, want)

    def hear(self, port):
        data = port.socket.recv(1 << 18)
        if not data:
            raise ConnectionResetError
        port.incoming += data
        frames = port.whole_frames()
        for other in list(self.ports.values()):
            if other is not port and len(other.outgoing) + len(frames) <= BACKLOG:
                other.outgoing += frames
                self.guarded(other, self.flush)

    def guarded(self, port, action):
        try:
            action(port)
        except ConnectionError:
            if port.socket in self.ports:
                self.remove(port)

    def serve(self):
        while True:
            for key, events in self.selector.select():
                if key.fileobj is self.listener:
                    self.add()
                    continue
                port = self.ports.get(key.fileobj)
                if port and events & selectors.EVENT_WRITE:
                    self.guarded(port, self.flush)
                if events & selectors.EVENT_READ and key.fileobj in self.ports:
                    self.guarded(self.ports[key.fileobj], self.hear)


def main(path):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen(16)
    os.write(1, b"ready\n")
    Hub(listener).serve()


if __name__ == "__main__":
    main(sys.argv[1])
