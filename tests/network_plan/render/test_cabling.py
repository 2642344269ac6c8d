# SPDX-License-Identifier: GPL-3.0-or-later
"""The lists for cabling: read back by a CSV reader and an HTML parser, every office once, each cell of its kind."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser

import pytest

from network_plan.model.plan import Plan
from network_plan.render.cabling import CABLES, SWITCHES, VLANS, core_switch, render_cabling

VLAN = r"[1-9][0-9]{0,3}"
KEY = r"[a-z0-9-]+/[a-z0-9-]+"
SOURCE = r"(Perbup|Perda|RFC|Perpres|https?|assumption: ).+"
TRANSPORT = "(fibre|wireless|leased|cellular)"
SCHEMA = {
    "switches": (SWITCHES, (KEY, "[a-z0-9-]+", ".+", "sw-[a-z0-9-]+", VLAN, TRANSPORT, "[0-9]*", SOURCE)),
    "vlans": (
        VLANS,
        (
            VLAN,
            KEY,
            "(management|servers|dmz|office)",
            ".+",
            r"[0-9a-f.:/ ]+",
            "(lan[0-9]+)?",
            "[a-z0-9]*",
            SOURCE,
        ),
    ),
    "cables": (
        CABLES,
        (
            "[a-z0-9-]+",
            "[a-z0-9]+",
            "[a-z0-9-]+",
            f"(rack|{TRANSPORT})",
            rf"({VLAN}( {VLAN})*)?",
            SOURCE,
        ),
    ),
}


def rows(plan: Plan, name: str) -> list[dict[str, str]]:
    """The rows of one table at every place, each cell checked against the table's schema."""
    head, cells = SCHEMA[name]
    found = []
    for cluster in plan.clusters:
        text = render_cabling(plan)[f"{cluster.name}/{name}.csv"]
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        assert tuple(next(reader)) == head
        for row in reader:
            assert len(row) == len(head)
            for pattern, cell in zip(cells, row, strict=True):
                assert re.fullmatch(pattern, cell), (name, pattern, row)
            found.append(dict(zip(head, row, strict=True)))
    return found


@pytest.mark.parametrize("which", ["minimal_plan", "full_plan"])
def test_every_office_stands_once(which: str, request: pytest.FixtureRequest) -> None:
    plan: Plan = request.getfixturevalue(which)
    offices = {network.key: network for network in plan.networks if network.role == "office"}
    switches = rows(plan, "switches")
    assert Counter(row["office"] for row in switches) == Counter(list(offices))
    for row in switches:
        office = offices[row["office"]]
        assert row["switch"] == office.switch
        assert (row["transport"], row["source"]) == (office.transport, office.source)
    uplinks = {row["from"]: row for row in rows(plan, "cables") if row["port"] == "uplink"}
    assert {name: row["vlans"] for name, row in uplinks.items()} == {
        row["switch"]: row["uplink_vlan"] for row in switches
    }
    assert {row["to"] for row in uplinks.values()} == {core_switch("dc")}


def test_every_network_stands_once_and_every_host_is_plugged_in(full_plan: Plan) -> None:
    vlans = Counter(row["network"] for row in rows(full_plan, "vlans"))
    assert vlans == Counter(network.key for network in full_plan.networks)
    cables = rows(full_plan, "cables")
    for cluster in full_plan.clusters:
        for node in cluster.nodes:
            (row,) = [row for row in cables if row["from"] == node.name]
            assert {str(vnet.tag) for vnet in cluster.vnets} < set(row["vlans"].split())
    (trunk,) = [row for row in cables if row["port"] == full_plan.gateways[0].trunk]
    assert len(trunk["vlans"].split()) == len(full_plan.gateways[0].interfaces) - 1


class Cells(HTMLParser):
    """The texts of all cells, and every tag that was met."""

    def __init__(self) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag == "td":
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        if self.cells:
            self.cells[-1] += data.strip("\n")


def test_hostile_text_stays_in_its_cell(planned: Callable[..., Plan]) -> None:
    hostile = '=cmd|"/c x"!A0, </td><script>x</script> {{ 7*7 }} $(id) \' ;'
    plan = planned(("site/tenants/dinas.yml", "title: Kantor", f"title: {json.dumps(hostile)}"))
    titles = {row["office"]: row["title"] for row in rows(plan, "switches")}
    assert titles == {"dinas/office-main": f"'{hostile}", "kominfo/office-main": "Kantor"}
    page = Cells()
    page.feed(render_cabling(plan)["dc/cabling.html"])
    assert hostile in page.cells
    assert "script" not in page.tags


def test_the_page_has_what_the_tables_have(full_plan: Plan) -> None:
    page = Cells()
    page.feed(render_cabling(full_plan)["dc/cabling.html"])
    for name in SCHEMA:
        at_dc = csv.reader(io.StringIO(render_cabling(full_plan)[f"dc/{name}.csv"], newline=""))
        for row in list(at_dc)[1:]:
            assert set(row) <= {*page.cells, ""}
    assert "<p>None.</p>" in render_cabling(full_plan)["drc/cabling.html"]
