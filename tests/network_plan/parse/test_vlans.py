# SPDX-License-Identifier: GPL-3.0-or-later
"""More networks than one trunk carries are refused, with what to do instead; one fewer is not."""

from __future__ import annotations

import dataclasses

import pytest

from network_plan.model.site import Site
from network_plan.model.site.network import Reservation, Role, Transport
from network_plan.parse.references.check import Check
from network_plan.parse.references.vlans import TRUNK, check_vlans
from network_plan.parse.site import parse_site


@pytest.fixture
def site(minimal: dict[str, str]) -> Site:
    texts = {name.removeprefix("site/"): text for name, text in minimal.items() if name.startswith("site/")}
    found = parse_site(texts, "site").site
    assert found is not None
    return found


def _with(site: Site, *counts: int, transport: Transport = Transport.WIRELESS) -> Check:
    reserved = {
        f"part{number}": Reservation(
            title="Villages",
            role=Role.OFFICE,
            count=count,
            length=30,
            transport=transport,
            source="assumption: for the test",
        )
        for number, count in enumerate(counts)
    }
    networks = dataclasses.replace(site.networks, reservations=reserved)
    check = Check(dataclasses.replace(site, networks=networks), frozenset())
    check_vlans(check)
    return check


def test_one_trunk_carries_so_many_and_not_one_more(site: Site) -> None:
    declared = len(Check(site, frozenset()).networks)
    assert _with(site, TRUNK - declared).findings == []
    (finding,) = _with(site, TRUNK - declared, 1).findings
    assert finding.what == (
        f"{declared} networks and {TRUNK - declared + 1} reserved ones want a VLAN each, "
        "one trunk carries 4093 (IEEE 802.1Q, ids 2 to 4094)"
    )
    assert "VXLAN" in finding.cure
    assert "QinQ" in finding.cure
    assert "cluster" in finding.cure


def test_places_on_a_third_partys_line_take_nothing_of_the_trunk(site: Site) -> None:
    assert _with(site, TRUNK, transport=Transport.LEASED).findings == []


def test_a_province_in_one_site_is_refused_once_and_not_for_each_network() -> None:
    from scripts.synthetic.site import site_texts
    from scripts.synthetic.size import Size

    parsed = parse_site(site_texts(Size(tenants=4100, vms=0, flows=0)), "site")
    assert parsed.site is not None
    check = Check(parsed.site, frozenset())
    check_vlans(check)
    (finding,) = check.findings
    assert finding.what.startswith("4103 networks want a VLAN each")
