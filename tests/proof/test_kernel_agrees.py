# SPDX-License-Identifier: GPL-3.0-or-later
"""Random sites and packets: the kernel under the rendered rules, and Proxmox VE's files, agree with ``awan reach``."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.proof.agree import Tally, prove, prove_change
from tests.proof.samples import PACKETS, SITES, report, sampled
from tests.proof.sites import Drawn, sites, without_ends

pytestmark = [pytest.mark.hosts, pytest.mark.timeout(7200)]


@pytest.mark.parametrize("ipv6", [False, True], ids=["IPv4", "both families"])
def test_every_packet_goes_where_reach_says(*, ipv6: bool) -> None:
    tally = Tally()
    drawn = 0

    @sampled(SITES // 2)
    @given(site=sites(datetime.now(UTC), ipv6=ipv6), seed=st.integers(0, 1 << 32))
    def agree(site: Drawn, seed: int) -> None:
        nonlocal drawn
        drawn += 1
        prove(site.texts, seed, PACKETS, tally)

    agree()
    report(f"first-packets-{'dual' if ipv6 else 'ipv4'}", tally, sites=drawn, disagreements=0)
    # So that agreement is not the silence of sites in which nothing may pass.
    assert tally.passed > tally.packets // 20
    assert min(tally.translated, tally.stopped, tally.ends["gateway"], tally.ends["internet"]) > SITES


def test_standing_flows_end_where_new_rules_say() -> None:
    tally = Tally()
    drawn = 0

    @sampled(SITES // 4)
    @given(site=sites(datetime.now(UTC)), seed=st.integers(0, 1 << 32))
    def agree(site: Drawn, seed: int) -> None:
        nonlocal drawn
        drawn += 1
        prove_change(without_ends(site.texts), site.texts, seed, PACKETS, tally)

    agree()
    report("standing-flows", tally, sites=drawn, disagreements=0)
    assert min(tally.ends["goes on"], tally.ends["cut off"]) > SITES // 4
