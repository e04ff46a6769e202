#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Replays the names of a log and compares them with a tree.

usage: kml_tree.py DUMP TREE ROOT_INODE

DUMP is what kml_dump printed of a log that begins with the empty tree; TREE is
the lower tree. Every name in the one must be in the other, with the same
inode, and no operation may be in doubt. Exit 1 and a list if they differ.
"""
import os
import sys

MAKERS = ("CREATE", "MKDIR", "SYMLINK", "MKNOD")
REPLACED_STAYS = 2  # RENAME_EXCHANGE


def fields(line):
    words = line.split()
    record = {"offset": words[0], "recno": words[1], "op": words[2], "state": words[3]}
    for word in words[4:]:
        key, _, value = word.partition("=")
        record[key] = value
    return record


def ino(record, key):
    return int(record[key].split(",")[0])


def name(record, key):
    return bytes.fromhex(record[key][2:])


class Tree:
    def __init__(self, root):
        self.root = root
        self.names = {}  # (directory inode, name) -> inode

    def replay(self, record):
        op = record["op"]
        if record["state"] == "VOID":
            return
        if op in MAKERS:
            if record["state"] != "DONE":
                raise ValueError(f"record {record['recno']} is still in doubt")
            self.add(record, "parent", "name", ino(record, "made"))
        elif op in ("LINK", "ENTER"):
            self.add(record, "parent", "name", ino(record, "object"))
        elif op in ("UNLINK", "RMDIR", "LEAVE"):
            del self.names[ino(record, "parent"), name(record, "name")]
        elif op == "RENAME":
            self.rename(record)

    def add(self, record, parent, key, inode):
        self.names[ino(record, parent), name(record, key)] = inode

    def rename(self, record):
        old = ino(record, "parent"), name(record, "name")
        new = ino(record, "parent2"), name(record, "name2")
        moved = self.names.pop(old)
        if int(record["aux"]) & REPLACED_STAYS:
            self.names[old] = self.names[new]
        self.names[new] = moved

    def paths(self):
        children = {}
        for (parent, leaf), inode in self.names.items():
            children.setdefault(parent, []).append((leaf, inode))
        todo, found = [(self.root, b"")], {}
        while todo:
            parent, prefix = todo.pop()
            for leaf, inode in children.get(parent, ()):
                found[prefix + leaf] = inode
                todo.append((inode, prefix + leaf + b"/"))
        return found


def walk(top):
    found = {}
    for where, directories, files in os.walk(os.fsencode(top)):
        if where == os.fsencode(top):
            for hidden in (b".intermezzo", b"lost+found"):
                if hidden in directories:
                    directories.remove(hidden)
        for leaf in directories + files:
            path = os.path.join(where, leaf)
            found[os.path.relpath(path, os.fsencode(top))] = os.lstat(path).st_ino
    return found


def main():
    dump, top, root = sys.argv[1], sys.argv[2], int(sys.argv[3])
    tree = Tree(root)
    with open(dump, encoding="ascii") as lines:
        for line in lines:
            if not line.startswith("#") and " PAD " not in line:
                tree.replay(fields(line))
    logged, real = tree.paths(), walk(top)
    for path in sorted(set(logged) | set(real)):
        if logged.get(path) != real.get(path):
            print(f"{path!r}: inode {logged.get(path)} in the log, {real.get(path)} in the tree")
    print(f"# {len(logged)} names in the log, {len(real)} in the tree")
    return logged != real


if __name__ == "__main__":
    sys.exit(main())
