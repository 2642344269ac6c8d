# SPDX-License-Identifier: GPL-3.0-or-later
"""The Plan as text, and its look-ups."""

from __future__ import annotations

import json
from datetime import date
from ipaddress import IPv4Interface

import pytest

from network_plan.model.finding import Finding, Place, Severity
from network_plan.model.node import Node
from network_plan.model.plan import Plan
from network_plan.model.text import plain


def test_look_ups_name_what_is_known(minimal_plan: Plan) -> None:
    assert minimal_plan.cluster("drc").nodes[0].free_mib == 4096
    assert minimal_plan.network("dinas/servers").vlan == 20
    assert [guest.key for guest in minimal_plan.guests_of("drc")] == ["kominfo/state"]
    with pytest.raises(KeyError, match="the Plan has no cluster 'x'; it has dc, drc"):
        minimal_plan.cluster("x")
    with pytest.raises(KeyError, match="the Plan has no network 'x'"):
        minimal_plan.network("x")


def test_the_text_is_sorted_json(full_plan: Plan) -> None:
    text = full_plan.to_json()
    assert text == json.dumps(json.loads(text), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    data = json.loads(text)
    assert data["role"] == {"epoch": 1, "primary": "dc"}
    assert data["exceptions"][0]["until"] == "2027-06-30"
    assert data["guests"][0]["serves"] == ["tcp/53", "udp/53"]


def test_values_become_jsons_own_types() -> None:
    node = Node(name="a", cores=1, memory_mib=2, reserve_mib=1, disk_gib=3, addresses=(), source="s")
    assert plain(node)["addresses"] == []  # type: ignore[index,call-overload]
    assert plain({1: date(2026, 1, 2), "x": [Severity.ERROR, None, 1.5, IPv4Interface("10.0.0.1/8")]}) == {
        "1": "2026-01-02",
        "x": ["error", None, 1.5, "10.0.0.1/8"],
    }
    with pytest.raises(TypeError, match="object has no place in the Plan"):
        plain(object())


def test_a_finding_reads_as_one_line() -> None:
    finding = Finding(severity=Severity.WARNING, rule="GW-3", what="it ends", cure="mend it")
    assert str(finding) == "warning: it ends; mend it [GW-3]"
    assert str(Place(file="a.yml")) == "a.yml"
    assert str(Place(file="a.yml", line=3)) == "a.yml:3"
