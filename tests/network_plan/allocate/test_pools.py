# SPDX-License-Identifier: GPL-3.0-or-later
"""Cursors give what a search from the beginning gives, and do not start over."""

from __future__ import annotations

from ipaddress import IPv4Network, ip_network
from itertools import islice

from hypothesis import given, settings
from hypothesis import strategies as st

from network_plan.allocate.pools import Blocks, Values

BLOCK = IPv4Network("10.0.0.0/24")


def naive(used: set[str], length: int, *, top: bool) -> str | None:
    """The first network of a length that overlaps no used one, by looking at each."""
    nets = [ip_network(value) for value in used]
    fitting = (net for net in BLOCK.subnets(new_prefix=length) if not any(net.overlaps(n) for n in nets))
    found = list(fitting)
    return str(found[-1 if top else 0]) if found else None


@settings(max_examples=100, deadline=None)
@given(
    used=st.sets(st.integers(0, 63), max_size=20),
    asked=st.lists(st.tuples(st.integers(25, 30), st.booleans()), max_size=20),
)
def test_blocks_of_any_length_are_those_of_a_plain_search(
    used: set[int], asked: list[tuple[int, bool]]
) -> None:
    taken = {f"10.0.0.{number * 4}/30" for number in used} | {"192.168.0.0/24"}
    blocks = Blocks(str(BLOCK), taken)
    assert blocks.count(30) == 64 - len(used)
    for length, top in asked:
        expected = naive(taken, length, top=top)
        assert blocks.first(length, from_the_top=top) == expected
        taken |= {expected} if expected else set()


def test_a_pool_within_a_used_block_is_full() -> None:
    assert Blocks("10.0.0.0/24", ["10.0.0.0/8"]).first(30) is None
    assert Blocks("2001:db8::/56", ["2001:db8::/64"]).first(64) == "2001:db8:0:1::/64"


@given(used=st.sets(st.sampled_from("abcdef")), number=st.integers(1, 8))
def test_values_are_asked_for_once_each(used: set[str], number: int) -> None:
    seen = []

    def values() -> object:
        for value in "abcdef":
            seen.append(value)
            yield value

    pool = Values(values(), used)  # type: ignore[arg-type]
    expected = [value for value in "abcdef" if value not in used]
    given_out = [pool.first() for _ in range(number)]
    assert given_out == [*islice(expected, number), *[None] * (number - len(expected))]
    assert len(seen) == len(set(seen))
