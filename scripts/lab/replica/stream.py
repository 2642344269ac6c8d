# SPDX-License-Identifier: AGPL-3.0-or-later
"""What goes through the pipe: a head, changed blocks with a checksum each, an end with a checksum of it all.

    one JSON line (the head)
    'B' disk, index, length, blake2b-128, data      'Z' disk, index: the block holds zeroes now
    'E' number of blocks, blake2b-128 of every byte before it

A stream without its end is no copy.
"""

import hashlib
import json
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

_BLOCK = struct.Struct("<cBII16s")
_ZERO = struct.Struct("<cBI")
_END = struct.Struct("<cI16s")
_LONGEST = 1024 * 1024


class StreamError(RuntimeError):
    """The stream broke off, or what came is not what was sent."""


def checksum(data: bytes) -> bytes:
    """A block's checksum."""
    return hashlib.blake2b(data, digest_size=16).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A changed block; None for one that holds zeroes now."""

    disk: int
    index: int
    data: bytes | None


class Sender:
    """Writes a stream through `write`."""

    def __init__(self, write: Callable[[bytes], None], head: dict[str, Any]) -> None:
        self._write = write
        self._digest = hashlib.blake2b(digest_size=16)
        self._blocks = 0
        self._put(json.dumps(head, sort_keys=True).encode() + b"\n")

    def _put(self, data: bytes) -> None:
        self._digest.update(data)
        self._write(data)

    def block(self, block: Block) -> None:
        """Sends one changed block."""
        if block.data is None:
            self._put(_ZERO.pack(b"Z", block.disk, block.index))
        else:
            frame = _BLOCK.pack(b"B", block.disk, block.index, len(block.data), checksum(block.data))
            self._put(frame + block.data)
        self._blocks += 1

    def end(self) -> None:
        """Says that this was all."""
        self._write(_END.pack(b"E", self._blocks, self._digest.digest()))


class Receiver:
    """Reads a stream through `read(n)`, which gives at most n bytes and nothing at the end."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read
        self._buffer = b""
        self._digest = hashlib.blake2b(digest_size=16)
        self.bytes = 0
        self.blocks = 0
        self.head = self._head()

    def _fill(self) -> None:
        data = self._read(16 * 1024)
        if not data:
            raise StreamError(f"the stream broke off after {self.bytes} bytes")
        self._buffer += data

    def _take(self, number: int) -> bytes:
        while len(self._buffer) < number:
            self._fill()
        data, self._buffer = self._buffer[:number], self._buffer[number:]
        self.bytes += number
        return data

    def _head(self) -> dict[str, Any]:
        while b"\n" not in self._buffer:
            if len(self._buffer) > _LONGEST:
                raise StreamError("what came is no stream of ours: it has no head")
            self._fill()
        line = self._take(self._buffer.index(b"\n") + 1)
        self._digest.update(line)
        try:
            head = json.loads(line)
        except ValueError:
            head = None
        if not isinstance(head, dict):
            raise StreamError("what came is no stream of ours: its head is not readable")
        return head

    def __iter__(self) -> Iterator[Block]:
        """The blocks; after the last one the end has been checked.

        Raises:
            StreamError: broken off, or a checksum differs.
        """
        while True:
            kind = self._take(1)
            if kind == b"B":
                rest = self._take(_BLOCK.size - 1)
                _, disk, index, length, wanted = _BLOCK.unpack(kind + rest)
                if length > _LONGEST:
                    raise StreamError(f"a block of {length} bytes can't be ours")
                data = self._take(length)
                if checksum(data) != wanted:
                    raise StreamError(
                        f"block {index} of disk {disk} is not what was sent: its checksum differs"
                    )
                self._digest.update(kind + rest + data)
                self.blocks += 1
                yield Block(disk=disk, index=index, data=data)
            elif kind == b"Z":
                rest = self._take(_ZERO.size - 1)
                _, disk, index = _ZERO.unpack(kind + rest)
                self._digest.update(kind + rest)
                self.blocks += 1
                yield Block(disk=disk, index=index, data=None)
            elif kind == b"E":
                _, blocks, digest = _END.unpack(kind + self._take(_END.size - 1))
                if blocks != self.blocks or digest != self._digest.digest():
                    raise StreamError("the end of the stream does not fit what came before it")
                return
            else:
                raise StreamError(f"the stream has {kind!r} where a block should begin")
