# SPDX-License-Identifier: GPL-2.0-or-later
"""What the kernel's NFS server and client need of programs beside them, for one export: nfs_rpc.py EXPORT

Answers as a port mapper (port 111) that takes whatever is registered, and as a mount daemon (port 20048) that
knows the handle of one directory. Prints "ready" when both listen.
"""
import socketserver
import struct
import sys
import threading

EXPORT = sys.argv[1]
PORTMAP, MOUNT, MNT = 100000, 100005, 1


def handle():
    """The root's, as the server makes it for its client."""
    with open("/proc/fs/nfsd/filehandle", "r+b", buffering=0) as file:
        file.write(f"lab {EXPORT} 64\n".encode())
        return bytes.fromhex(file.read().decode().strip().removeprefix("\\x"))


def answer(program, procedure):
    if program == PORTMAP:
        return struct.pack(">I", 1) if procedure else b""
    if program == MOUNT and procedure == MNT:
        root = handle()
        return struct.pack(">II", 0, len(root)) + root + bytes(-len(root) % 4) + struct.pack(">II", 1, 1)
    return b""


class Connection(socketserver.StreamRequestHandler):
    def handle(self):
        while head := self.rfile.read(4):
            call = self.rfile.read(struct.unpack(">I", head)[0] & 0x7fffffff)
            xid, _, _, program, _, procedure = struct.unpack(">6I", call[:24])
            reply = struct.pack(">6I", xid, 1, 0, 0, 0, 0) + answer(program, procedure)
            self.wfile.write(struct.pack(">I", 0x80000000 | len(reply)) + reply)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


servers = [Server(("127.0.0.1", port), Connection) for port in (111, 20048)]
print("ready", flush=True)
for server in servers[1:]:
    threading.Thread(target=server.serve_forever, daemon=True).start()
servers[0].serve_forever()
