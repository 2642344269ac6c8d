# SPDX-License-Identifier: GPL-3.0-or-later
"""What is watched, and that promtool takes it: the files, and each alarm on series that must and must not ring."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from ipaddress import IPv6Interface
from pathlib import Path
from typing import Any

import pytest

from network_plan.model.plan import Plan
from network_plan.render.prometheus import render_prometheus
from tests.network_plan.render.checkers import checked, written


def listed(plan: Plan, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(render_prometheus(plan)[f"targets/{name}.json"])
    return found


def test_every_host_that_is_there_is_watched(full_plan: Plan) -> None:
    """The recovery cluster of the small site is not bought yet."""
    hosts = {row["labels"]["host"]: row["targets"] for row in listed(full_plan, "hosts")}
    assert list(hosts) == ["gw1", *(node.name for node in full_plan.cluster("dc").nodes)]
    assert hosts["gw1"] == [f"{full_plan.gateways[0].management}:9100"]
    clusters = tuple(dataclasses.replace(cluster, first_purchase=None) for cluster in full_plan.clusters)
    both = {
        row["labels"]["host"] for row in listed(dataclasses.replace(full_plan, clusters=clusters), "hosts")
    }
    assert {node.name for cluster in clusters for node in cluster.nodes} < both


def test_every_running_vm_is_asked_at_what_it_serves(full_plan: Plan) -> None:
    rows = listed(full_plan, "services")
    asked = {(row["labels"]["vm"], *row["targets"], row["labels"]["module"]) for row in rows}
    assert {key for key, _, _ in asked} == {guest.key for guest in full_plan.guests if guest.running}
    siak = next(guest for guest in full_plan.guests if guest.key == "dukcapil/siak")
    address = siak.nics[0].addresses[0].ip
    assert ("dukcapil/siak", f"{address}:8443", "tcp_connect") in asked
    six = dataclasses.replace(siak.nics[0], addresses=(IPv6Interface("2001:db8::5/64"),))
    changed = (
        dataclasses.replace(siak, serves=(), nics=(six,)),
        dataclasses.replace(siak, nics=(six,)),
        dataclasses.replace(siak, running=False),
    )
    rows = listed(dataclasses.replace(full_plan, guests=changed), "services")
    assert [row["targets"] for row in rows] == [
        ["2001:db8::5"],
        ["[2001:db8::5]:443"],
        ["[2001:db8::5]:8443"],
    ]


def test_text_that_people_write_stands_nowhere(planned: Callable[..., Plan]) -> None:
    hostile = json.dumps('K" } {{ $x }} # <b>')
    edits = (
        ("site/tenants/dinas.yml", "name: Dinas", f"name: {hostile}"),
        ("site/facilities.yml", "title: Servers", f"title: {hostile}"),
    )
    assert render_prometheus(planned(*edits)) == render_prometheus(planned())


@pytest.mark.hosts
@pytest.mark.parametrize("which", ["minimal_plan", "full_plan"])
def test_promtool_takes_the_files(which: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    folder = written(render_prometheus(request.getfixturevalue(which)), tmp_path / "prometheus")
    check = "promtool check config /mnt/prometheus.yml && promtool check rules --lint=all --lint-fatal /mnt/rules/awan.yml"
    done = checked(check, folder, more=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 rule files found" in done.stdout
    (folder / "targets/hosts.json").write_text("[", encoding="utf-8")
    assert checked(check, folder, more=True).returncode != 0


@pytest.mark.hosts
def test_alarms_ring_when_they_must(full_plan: Plan, tmp_path: Path) -> None:
    rooms = sorted(full_plan.facilities.rooms)
    line = full_plan.facilities.uplink.rate_kbit * 1000 // 8 * 30  # bytes in one interval of 30 s

    def carried(way: str, share: float) -> dict[str, str]:
        series = f'node_network_{way}_bytes_total{{job="hosts", kind="gateway", host="gw1", device="wan0"}}'
        return {"series": series, "values": f"0+{int(line * share)}x80"}

    healthy = [
        {"series": f'awan_room_{what}{{room="{room}"}}', "values": f"{value}x80"}
        for room in rooms
        for what, value in (("temperature_celsius", "24+0"), ("humidity_percent", "50+0"))
    ]

    def case(series: list[dict[str, str]], *rings: str) -> dict[str, Any]:
        names = ("HostDown", "ServiceDown", "UplinkFull", "RoomHot", "RoomDamp", "SensorSilent")
        expressions = [
            {
                "expr": f'count(ALERTS{{alertstate="firing", alertname="{name}"}})',
                "eval_time": "30m",
                "exp_samples": [{"value": 1}] if name in rings else [],
            }
            for name in names
        ]
        return {"interval": "30s", "input_series": series, "promql_expr_test": expressions}

    down = {"series": 'up{job="hosts", host="dc1", site="dc"}', "values": "0+0x80"}
    mute = {"series": 'probe_success{job="services", vm="rsud/simrs"}', "values": "0+0x80"}
    hot = {"series": f'awan_room_temperature_celsius{{room="{rooms[0]}"}}', "values": "28+0x80"}
    damp = {"series": f'awan_room_humidity_percent{{room="{rooms[0]}"}}', "values": "61+0x80"}
    tests = [
        case([*healthy, carried("transmit", 0.8), carried("receive", 0.8)]),
        case([*healthy, down], "HostDown"),
        case([*healthy, mute], "ServiceDown"),
        case([*healthy, carried("transmit", 0.95)], "UplinkFull"),
        case([*healthy, carried("receive", 0.95)], "UplinkFull"),
        case([hot, *healthy[1:]], "RoomHot"),
        case([healthy[0], damp, *healthy[2:]], "RoomDamp"),
        case(healthy[1:], "SensorSilent"),
        case([healthy[0], *healthy[2:]], "SensorSilent"),
    ]
    files = {
        **render_prometheus(full_plan),
        "test.yml": json.dumps({"rule_files": ["rules/awan.yml"], "tests": tests}),
    }
    folder = written(files, tmp_path / "prometheus")
    done = checked("promtool test rules /mnt/test.yml", folder, more=True)
    assert done.returncode == 0, done.stdout + done.stderr
