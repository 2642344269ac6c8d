# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import io

import pytest

from scripts.lab.replica import stream


def sent(blocks: list[stream.Block]) -> bytes:
    out = bytearray()
    sender = stream.Sender(out.extend, {"id": "x"})
    for block in blocks:
        sender.block(block)
    sender.end()
    return bytes(out)


BLOCKS = [stream.Block(disk=0, index=3, data=b"abc"), stream.Block(disk=1, index=9, data=None)]


def test_a_stream_comes_as_it_was_sent() -> None:
    receiver = stream.Receiver(io.BytesIO(sent(BLOCKS)).read)
    assert list(receiver) == BLOCKS
    assert receiver.bytes == len(sent(BLOCKS))


def test_a_stream_that_was_changed_or_cut_anywhere_is_refused() -> None:
    whole = sent(BLOCKS)
    for place in range(len(whole)):
        with pytest.raises(stream.StreamError):
            list(stream.Receiver(io.BytesIO(whole[:place]).read))
        broken = bytearray(whole)
        broken[place] ^= 1
        try:
            came = list(stream.Receiver(io.BytesIO(bytes(broken)).read))
        except stream.StreamError:
            continue
        pytest.fail(f"byte {place} was changed and nobody saw it: {came}")
