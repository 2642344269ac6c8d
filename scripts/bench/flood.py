# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs inside one namespace: sends frames from a file as fast as the kernel takes them, and prints seconds a frame.

Stands alone (standard library only, no import of ours). The kernel forwards a frame within the call that sends it, so
that the time is that of sending and forwarding together. What nine calls in ten took longer than is printed: the
machine did something else meanwhile. A file is: the interface's name in 16 bytes, the frame's length in 2, the frame
in 64.
"""

import ctypes
import socket
import struct
import sys
import time

SLOT = 64
BATCH = 32
"""Frames a call: few enough that none waits in a queue that might be full."""


class Vector(ctypes.Structure):
    """``struct iovec``."""

    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class Header(ctypes.Structure):
    """``struct msghdr``."""

    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint32),
        ("vectors", ctypes.POINTER(Vector)),
        ("vector_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class Message(ctypes.Structure):
    """``struct mmsghdr``."""

    _fields_ = (("header", Header), ("sent", ctypes.c_uint))


def main(path: str) -> int:
    """Prepare everything, then send and take the time of that alone."""
    with open(path, "rb") as file:  # noqa: PTH123 - starts in a tenth of the time without pathlib
        data = ctypes.create_string_buffer(file.read())
    record = 16 + 2 + SLOT
    count = (len(data) - 1) // record
    base = ctypes.addressof(data)
    addresses: dict[bytes, ctypes.Array[ctypes.c_char]] = {}
    vectors, messages = (Vector * count)(), (Message * count)()
    for number in range(count):
        name, length = struct.unpack_from("16sH", data, number * record)
        if name not in addresses:
            index = socket.if_nametoindex(name.rstrip(b"\0").decode())
            link = struct.pack("=HHiHBB8s", socket.AF_PACKET, 0, index, 0, 0, 6, bytes(8))
            addresses[name] = ctypes.create_string_buffer(link, len(link))
        vectors[number] = Vector(base + number * record + 18, length)
        header = messages[number].header
        header.name, header.name_length = ctypes.addressof(addresses[name]), 20
        header.vectors, header.vector_count = ctypes.pointer(vectors[number]), 1
    libc = ctypes.CDLL(None, use_errno=True)
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sender:
        handle, at, step = sender.fileno(), 0, ctypes.sizeof(Message)
        first = ctypes.addressof(messages)
        took = []
        while at < count:
            asked = min(BATCH, count - at)
            started = time.perf_counter()
            done = libc.sendmmsg(handle, ctypes.c_void_p(first + at * step), asked, 0)
            took.append((time.perf_counter() - started) / asked)
            if done != asked:
                raise OSError(ctypes.get_errno(), "cannot send")
            at += done
        took.sort()
        print(took[len(took) // 10])
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
