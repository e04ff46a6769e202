# SPDX-License-Identifier: GPL-2.0-or-later
"""The journal as a model: replayed from the empty tree it must give the tree that was found, name by name, attribute by attribute.

compare() takes three things: the records of a whole log (what kml_dump prints), the tree (what collect prints), and what the
load's durable actors vouched for before the cut. It returns what is wrong, in words.
"""
import re
import stat
import struct

MAKERS = ("CREATE", "MKDIR", "SYMLINK", "MKNOD")
EXCHANGE = 2
APPLIED, RECOVERED, TMPFILE, ATTR, MARKED = 0x01, 0x04, 0x20, 0x80, 0x100  # KML_FLAG_*
RESULT_TIME, RESULT_XATTRS = 1, 2
MODE, UID, GID, SIZE, MTIME = 0x1, 0x2, 0x4, 0x8, 0x20  # KML_ATTR_*
NAMES, APPENDED, MAPPED, REPLACED = range(4)  # cells.h
FULL = 8
SET_ID = stat.S_ISUID | stat.S_ISGID


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0x82f63b78 * (crc & 1)
    return ~crc & 0xffffffff


class Wrong(Exception):
    pass


def time(text):
    seconds, _, nanoseconds = text.partition(".")
    return int(seconds) * 10**9 + int(nanoseconds)


def numbers(text):
    return tuple(int(word, 0) for word in re.sub(r"\b0(?=[0-9])", "0o", text).split(","))


def raw(text):
    return bytes.fromhex(text.removeprefix("x:"))


class Record:
    """A line of kml_dump."""

    def __init__(self, line):
        words = line.split()
        self.offset, self.recno, self.op, self.state = int(words[0]), words[1], words[2], words[3]
        self.fields = dict(word.split("=", 1) for word in words[4:])

    def __contains__(self, key):
        return key in self.fields

    def __str__(self):
        return f"record {self.recno} {self.op}"

    def number(self, key):
        return int(self.fields[key], 0)

    def key(self, field):
        """Inode and generation of an object."""
        return numbers(self.fields[field])[:2]

    def name(self, parent="parent", name="name"):
        return self.key(parent), raw(self.fields[name])

    def attr(self, key="attr"):
        return dict(word.split(":", 1) for word in self.fields[key].split(","))

    def time(self):
        return time(self.fields["time"])

    def directory_time(self):
        """The mtime that it left on the directory."""
        if "rflags" in self and self.number("rflags") & RESULT_TIME:
            return time(self.fields["rtime"])
        return self.time()


def records(dump):
    with open(dump, encoding="ascii") as lines:
        return [Record(line) for line in lines if not line.startswith("#") and " PAD " not in line]


class Node:
    """An object as the log has it. mtime is a range: that of a new object is told only when something is done to it."""

    def __init__(self, ino, gen, mode, uid, gid):
        self.ino, self.gen, self.mode, self.uid, self.gid = ino, gen, mode, uid, gid
        self.size, self.target, self.rdev = 0, b"", "0:0"
        self.mtime = (0, 0)
        self.xattrs = {}  # None: born with some, which are shipped from the tree
        self.links = 0
        self.dirty = self.recovered = False
        self.told = False  # by a scan: what its record doesn't say is as the tree has it

    @property
    def key(self):
        return self.ino, self.gen

    @property
    def directory(self):
        return stat.S_ISDIR(self.mode)


class Model:
    """Objects go by inode and generation: of two that are made at a time, the one whose record is older may get the inode number
    that the other has left already."""

    def __init__(self, root):
        self.root = root
        self.nodes, self.names = {root.key: root}, {}  # names: directory and name -> object, by their keys
        self.removed = set()  # keys
        self.created = None  # by the record before
        root.links = 1

    def replay(self, record):
        # the CREATE before was a mark as well; what recovery takes back after it says nothing else
        if self.created and record.number("flags") & MARKED:
            self.created.dirty = True
        if record.state == "VOID":
            return
        self.created = None
        action = getattr(self, "do_" + record.op.lower(), None)
        if action:
            action(record)

    def node(self, record, key):
        node = self.nodes.get(record.key(key))
        if not node:
            raise Wrong(f"{record}: {key} {record.key(key)} isn't there")
        return node

    # ---- names ----

    def add(self, record, place, node):
        if place in self.names:
            raise Wrong(f"{record}: {place[1]!r} is there already")
        self.names[place] = node.key
        node.links += 1

    def take(self, record, place):
        key = self.names.pop(place, None)
        if key is None:
            raise Wrong(f"{record}: {place[1]!r} isn't there")
        node = self.nodes[key]
        node.links -= 1
        return node

    def drop(self, record, node):
        if node.directory and any(parent == node.key for parent, _ in self.names):
            raise Wrong(f"{record}: directory {node.ino} isn't empty")
        if not node.links:
            del self.nodes[node.key]
            self.removed.add(node.key)

    def touch(self, record, *keys):
        for key in keys:
            self.node(record, key).mtime = (record.directory_time(),) * 2

    def make(self, record):
        if record.state != "DONE":
            raise Wrong(f"{record} is still in doubt")
        ino, gen, mode, uid, gid = numbers(record.fields["made"])
        if (ino, gen) in self.nodes:
            raise Wrong(f"{record}: inode {ino},{gen} is there already")
        node = self.nodes[ino, gen] = Node(ino, gen, mode, uid, gid)
        node.mtime = record.time(), record.directory_time()
        if record.number("rflags") & RESULT_XATTRS:
            node.xattrs = None
        if "target" in record:
            node.target = raw(record.fields["target"])
            node.size = len(node.target)
        if record.op == "MKNOD":
            node.rdev = record.attr()["rdev"]
        if record.number("flags") & TMPFILE:
            node.size, node.mtime = int(record.attr()["size"]), (time(record.attr()["mtime"]),) * 2
        self.add(record, record.name(), node)
        self.touch(record, "parent")
        if record.op == "CREATE" and not record.number("flags") & (APPLIED | TMPFILE):
            self.created = node

    do_create = do_mkdir = do_symlink = do_mknod = make

    def do_link(self, record):
        if record.number("flags") & RECOVERED:
            self.found(record, record.key("object"), several=True)
            return
        self.add(record, record.name(), self.node(record, "object"))
        self.touch(record, "parent")

    def do_unlink(self, record):
        node = self.take(record, record.name())
        if node is not self.node(record, "object"):
            raise Wrong(f"{record}: {node.ino} has that name")
        self.drop(record, node)
        self.touch(record, "parent")

    do_rmdir = do_unlink

    # ---- what a scan found ----

    def forget(self, place):
        """A name is gone, with all that is below it."""
        node = self.nodes[self.names.pop(place)]
        node.links -= 1
        if not node.links and node.directory:
            for child in [name for name in self.names if name[0] == node.key]:
                self.forget(child)

    def found(self, record, key, several):
        """The object stands at the name of the record, and, if it can have but one, nowhere else."""
        place = record.name()
        if self.names.get(place) not in (None, key):
            self.nodes[self.names.pop(place)].links -= 1
        node = self.nodes[key]
        if not several:
            for other in [name for name, at in self.names.items() if at == key and name != place]:
                del self.names[other]
                node.links -= 1
        if place not in self.names:
            self.add(record, place, node)
        self.touch(record, "parent")

    def do_enter(self, record):
        key, attr = record.key("object"), record.attr()
        node = self.nodes.setdefault(key, Node(*key, 0, 0, 0))
        node.mode, node.uid, node.gid = int(attr["mode"], 8), int(attr["uid"]), int(attr["gid"])
        node.size, node.mtime, node.rdev = int(attr["size"]), (time(attr["mtime"]),) * 2, attr["rdev"]
        node.xattrs, node.told, node.dirty, node.recovered = None, True, False, True
        self.removed.discard(key)
        self.found(record, key, several=not node.directory and int(attr["nlink"]) > 1)

    def do_list(self, record):
        payload, attr = raw(record.fields["payload"]), record.attr()
        mask, value, count = struct.unpack_from("<III", payload)
        names, at = set(), 16
        for _ in range(count):
            names.add(payload[at + 1:at + 1 + payload[at]])
            at += 1 + payload[at]
        directory = self.node(record, "object")
        for place in [name for name in self.names if name[0] == directory.key]:
            if crc32c(place[1]) & mask == value and place[1] not in names:
                self.forget(place)
        directory.mode, directory.uid, directory.gid = int(attr["mode"], 8), int(attr["uid"]), int(attr["gid"])
        directory.mtime, directory.xattrs, directory.told = (time(attr["mtime"]),) * 2, None, True

    def do_rename(self, record):
        old, new = record.name(), record.name("parent2", "name2")
        node, replaced = self.take(record, old), None
        if node is not self.node(record, "object"):
            raise Wrong(f"{record}: {node.ino} had that name")
        if "replaced" in record:
            replaced = self.take(record, new)
            if replaced is not self.node(record, "replaced"):
                raise Wrong(f"{record}: {replaced.ino} had the other name")
            if record.number("aux") & EXCHANGE:
                self.add(record, old, replaced)
            else:
                self.drop(record, replaced)
        self.add(record, new, node)
        self.touch(record, "parent", "parent2")

    # ---- attributes ----

    def do_setattr(self, record):
        node, attr = self.node(record, "object"), record.attr()
        valid = int(attr["valid"], 16)
        if valid & MODE:
            node.mode = int(attr["mode"], 8)
        if valid & UID:
            node.uid = int(attr["uid"])
        if valid & GID:
            node.gid = int(attr["gid"])
        if valid & SIZE:
            node.size, node.recovered = int(attr["size"]), bool(record.number("flags") & RECOVERED)
        if valid & MTIME:
            node.mtime = (time(attr["mtime"]),) * 2

    def do_setxattr(self, record):
        node = self.node(record, "object")
        if node.xattrs is not None:
            node.xattrs[raw(record.fields["xattr"])] = raw(record.fields["value"])

    def do_removexattr(self, record):
        node = self.node(record, "object")
        if node.xattrs is not None:
            node.xattrs.pop(raw(record.fields["xattr"]), None)

    # ---- content ----

    def do_dirty(self, record):
        # a store through a mapping takes no lock that a removal has: its mark may come later
        if record.key("object") not in self.removed:
            self.node(record, "object").dirty = True

    def do_close(self, record):
        node, attr = self.node(record, "object"), record.attr()
        mode, owner = int(attr["mode"], 8), (int(attr["uid"]), int(attr["gid"]))
        if not record.number("flags") & ATTR and (mode | SET_ID, owner) != (node.mode | SET_ID, (node.uid, node.gid)):
            raise Wrong(f"{record}: inode {node.ino} has mode {mode:o} and owner {owner}, by the log {node.mode:o} and {(node.uid, node.gid)}")
        if not node.dirty:
            raise Wrong(f"{record}: inode {node.ino} has no open mark")
        node.mode, node.size, node.mtime = mode, int(attr["size"]), (time(attr["mtime"]),) * 2
        node.uid, node.gid = owner
        node.dirty, node.recovered = False, bool(record.number("flags") & RECOVERED)

    def paths(self):
        children, todo, found = {}, [(self.root.key, b"")], {}
        for (parent, leaf), key in self.names.items():
            children.setdefault(parent, []).append((leaf, key))
        while todo:
            key, path = todo.pop()
            found[path] = self.nodes[key]
            todo += [(child, path + b"/" + leaf if path else leaf) for leaf, child in children.get(key, ())]
        return found


class Found:
    """A line of collect."""

    def __init__(self, line):
        words = line.split()
        self.path, self.target = raw(words[0]), raw(words[10])
        self.ino, self.gen, self.mode, self.links, self.uid, self.gid, self.size = (numbers(word)[0] for word in words[1:8])
        self.mtime, self.rdev = time(words[8]), words[9]
        pairs = (word.split("=") for word in words[11].split(",")[1:])
        self.xattrs = {raw(name): raw(value) for name, value in pairs}
        cells = words[12]
        self.count, self.zeros, self.bad, self.prefix, self.low, self.high = numbers(cells) if cells != "-" else (0,) * 6


def tree(listing):
    with open(listing, encoding="ascii") as lines:
        return {found.path: found for found in map(Found, lines)}


def differences(path, node, found):
    """What of an object isn't as the log has it."""
    for what in ("mode", "uid", "gid", "target", "rdev"):
        if what == "target" and node.told:
            continue
        if getattr(node, what) != getattr(found, what):
            yield f"{path!r}: {what} is {getattr(found, what)}, by the log {getattr(node, what)}"
    if found.gen and node.gen != found.gen:
        yield f"{path!r}: generation is {found.gen}, by the log {node.gen}"
    if not node.mtime[0] <= found.mtime <= node.mtime[1]:
        yield f"{path!r}: mtime is {found.mtime}, by the log {node.mtime}"
    if node.xattrs is not None and node.xattrs != found.xattrs:
        yield f"{path!r}: xattrs are {found.xattrs}, by the log {node.xattrs}"
    if node.directory:
        return
    if node.links != found.links:
        yield f"{path!r}: {found.links} links, by the log {node.links}"
    if node.size != found.size:
        yield f"{path!r}: {found.size} bytes, by the log {node.size}"
    if node.dirty:
        yield f"{path!r}: a mark is open after recovery"
    # one that was being written may hold half a cell; what its CLOSE called complete may not
    if stat.S_ISREG(node.mode) and found.bad and not node.recovered:
        yield f"{path!r}: {found.bad} of {found.count} cells are no content, and nothing says so"


def compare_trees(paths, found):
    for path in sorted(set(paths) | set(found)):
        if path not in found:
            yield f"{path!r}: in the log only"
        elif path not in paths:
            yield f"{path!r}: in the tree only"
        elif paths[path].ino != found[path].ino:
            yield f"{path!r}: inode {found[path].ino}, by the log {paths[path].ino}"
        else:
            yield from differences(path, paths[path], found[path])


def compare_marks(paths, found, marks):
    """What an actor vouched for is there, or something newer of its making."""
    for actor, done in sorted(marks.items()):
        home = b"p%d" % actor
        names = int(found[home].xattrs.get(b"user.seq", 0)) if home in found else 0
        if names < done[NAMES]:
            yield f"{home!r}: operation {names} is the last one, {done[NAMES]} was durable"
        for what, leaf in ((APPENDED, b"/wal"), (MAPPED, b"/map"), (REPLACED, b"/new")):
            if not done[what]:
                continue
            file = found.get(home + leaf)
            if not file:
                yield f"{home + leaf!r} is gone, {done[what]} was durable"
            elif what == APPENDED and file.prefix < done[what]:
                yield f"{file.path!r}: {file.prefix} cells are good, {done[what]} were durable"
            elif what != APPENDED and (file.low < done[what] or file.count != FULL):
                yield f"{file.path!r}: {file.count} cells of {file.low}..{file.high}, {done[what]} was durable"
        # made anew, synced, then renamed: whole at any time
        new = found.get(home + b"/new")
        if new and (new.low != new.high or new.prefix != FULL):
            yield f"{new.path!r}: {new.prefix} cells of {new.low}..{new.high}"


def stale(paths, found):
    """Files that are closed in the log and hold cells older than their mtime says: overwritten in place, never synced. No lower file
    system in data=ordered promises more, and lento syncs before it sends, so no replica has the newer content either. Counted,
    not wrong."""
    for path, file in found.items():
        if path.endswith(b"/old") and path in paths and not paths[path].recovered and file.mtime % 10**9 == 0:
            if (file.low, file.high, file.prefix) != (file.mtime // 10**9, file.mtime // 10**9, FULL):
                yield f"{path!r}: {file.prefix} cells of {file.low}..{file.high}, closed with {file.mtime // 10**9}"


def replay(log, found):
    root = found[b""]
    node = Node(root.ino, root.gen, root.mode, root.uid, root.gid)
    node.mtime = 0, 1 << 63  # mkfs made it
    model = Model(node)
    for record in log:
        model.replay(record)
    return model.paths()


def compare(log, found, marks):
    try:
        paths = replay(log, found)
    except Wrong as wrong:
        return [str(wrong)]
    wrong = [*compare_trees(paths, found), *compare_marks(paths, found, marks)]
    if not log or log[-1].op != "UMOUNT":
        wrong.append("the log doesn't end with UMOUNT")
    return wrong
