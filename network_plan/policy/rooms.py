# SPDX-License-Identifier: GPL-3.0-or-later
"""ENV-1: sensors in the computer, telecom and electrical rooms (Perbup 253/2019 §4.6.3 (8))."""

from __future__ import annotations

from datetime import date

from network_plan.model.finding import Finding
from network_plan.model.plan import Plan
from network_plan.model.site.facility import RoomKind
from network_plan.policy.say import warning


def check_env1(plan: Plan, _today: date | None) -> list[Finding]:
    """ENV-1: each cluster's site has the three rooms, each with a temperature and a humidity sensor."""
    rooms = plan.facilities.rooms
    findings = []
    for cluster in plan.clusters:
        there = {room.kind for room in rooms.values() if room.cluster == cluster.name}
        missing = [kind.value for kind in RoomKind if kind not in there]
        if missing:
            what = f"nothing is said of these rooms of cluster {cluster.name}: {', '.join(missing)}"
            cure = "declare each with its sensors"
            findings.append(warning("ENV-1", what, cure, "facilities", "rooms"))
    for key, room in sorted(rooms.items()):
        for name, number in (
            ("temperature_sensors", room.temperature_sensors),
            ("humidity_sensors", room.humidity_sensors),
        ):
            if not number:
                what = f"the {room.kind.value} room {key} has no {name.removesuffix('_sensors')} sensor"
                findings.append(warning("ENV-1", what, "put one there", "facilities", "rooms", key, name))
    return findings
