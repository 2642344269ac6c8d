# SPDX-License-Identifier: GPL-3.0-or-later
"""How many requests `pulumi up` from empty makes, against the least that could do; a preview must not write at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from scripts.bench.lab import FOLDER, STACK
from scripts.bench.measure import Figure, run
from scripts.lab.cluster.client import ControlClient
from scripts.toolchain.paths import ROOT

RATIO = 1.15
# Writes that PVE answers with a task, whose end must be read once; and kinds whose fields the server fills in.
STARTS_A_TASK = {
    ("POST", "/nodes/{node}/qemu"),
    ("POST", "/nodes/{node}/qemu/{vmid}/clone"),
    ("POST", "/nodes/{node}/qemu/{vmid}/config"),
    ("POST", "/nodes/{node}/qemu/{vmid}/status/start"),
    ("PUT", "/cluster/sdn"),
    ("PUT", "/nodes/{node}/qemu/{vmid}/resize"),
}
FILLED_IN = {("POST", "/nodes/{node}/qemu"), ("PUT", "/cluster/firewall/options")}


def least(calls: list[dict[str, Any]]) -> int:
    """Return the least number of requests for these writes: they, a status per task, a read per filled-in object."""
    count = {(call["method"], call["path"]): int(call["count"]) for call in calls if call["method"] != "GET"}
    tasks = sum(number for key, number in count.items() if key in STARTS_A_TASK)
    filled = sum(number for key, number in count.items() if key in FILLED_IN)
    return sum(count.values()) + tasks + filled


def figures(env: Mapping[str, str]) -> Iterator[Figure]:
    """Bring the stack up from empty, then preview it; count both at the cluster."""
    control = ControlClient(FOLDER / STACK)
    pulumi = ROOT / "pulumi"
    run(["pulumi", "stack", "init", STACK], env=env, cwd=pulumi)
    control.reset_calls()
    took = run(["pulumi", "up", "--yes", "--skip-preview", "--stack", STACK], env=env, cwd=pulumi)
    calls = control.calls()
    total, fewest = sum(int(call["count"]) for call in calls), least(calls)
    yield Figure(what=f"pulumi up -s {STACK} from empty", value=round(took.seconds, 2), unit="s")
    yield Figure(what="requests of it", value=total, unit="requests")
    yield Figure(what="requests, to the least", value=round(total / fewest, 3), unit="times", limit=RATIO)
    control.reset_calls()
    run(["pulumi", "preview", "--expect-no-changes", "--stack", STACK], env=env, cwd=pulumi)
    writes = sum(int(call["count"]) for call in control.calls() if call["method"] != "GET")
    yield Figure(what="writes of a preview without change", value=writes, unit="requests", limit=0)
