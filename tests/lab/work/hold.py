#!/usr/bin/python3 -I
# SPDX-License-Identifier: GPL-2.0-or-later
"""Has a file open for writing, or mapped, until it is told what to write.

    hold.py FILE PIPE open|mapped

Writes a line to PIPE.held when it has it. Then a line comes from PIPE: it becomes
the file's content, if it isn't empty. A second line in PIPE.held: the file is closed.
"""
import ctypes
import os
import sys


def mapping(fd):
    """Shared, and may become writable, but isn't: the kernel counts a writer, and nothing has changed."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
    address = libc.mmap(None, 4096, 1, 1, fd, 0)
    if address == ctypes.c_void_p(-1).value:
        raise OSError(ctypes.get_errno(), "mmap")
    return lambda: libc.munmap(ctypes.c_void_p(address), 4096)


def main():
    path, pipe, how = sys.argv[1:]
    fd = os.open(path, os.O_RDWR)
    end = lambda: os.close(fd)
    if how == "mapped":
        end = mapping(fd)
        os.close(fd)
    with open(pipe + ".held", "w") as held:
        print("held", file=held)
    with open(pipe) as told:
        text = told.readline().strip()
    if text:
        os.pwrite(fd, (text + "\n").encode(), 0)
        os.ftruncate(fd, len(text) + 1)
    end()
    with open(pipe + ".held", "w") as held:
        print("closed", file=held)


main()
