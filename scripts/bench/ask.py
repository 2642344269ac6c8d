# SPDX-License-Identifier: GPL-3.0-or-later
"""Loads a site's Plan and asks who reaches what, each question anew: ``python -m scripts.bench.ask SITE``.

Prints JSON: question → seconds, the Plan's loading left out.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

from network_plan.build import load_plan
from network_plan.model.plan import Plan
from network_plan.reach import Asked, Reply

DAY = date(2026, 11, 24)


def questions(plan: Plan) -> Mapping[str, Callable[[Asked], Reply]]:
    """One of each kind, about a VM and a tenant in the middle of the site."""
    offices = {network.tenant for network in plan.networks if network.role == "office"}
    vms = [guest for guest in plan.guests if guest.running and guest.tenant in offices]
    vm, other = vms[len(vms) // 2], vms[len(vms) // 3]
    return {
        "a VM's service from an office": lambda asked: asked.reach(
            f"office:{other.tenant}", vm.key, "tcp/443"
        ),
        "tenant to tenant": lambda asked: asked.reach(other.tenant, vm.tenant),
        "who reaches a VM": lambda asked: asked.who(vm.key),
        "what a VM reaches": lambda asked: asked.what(vm.key),
        "what an office reaches": lambda asked: asked.what(f"office:{vm.tenant}"),
        "what the internet reaches": lambda asked: asked.what("internet"),
    }


def main(arguments: list[str]) -> int:
    """Measure each question once."""
    plan = load_plan(Path(arguments[0]))
    gc.freeze()  # the Plan is no rubbish, and looking through it is no part of the answer
    took = {}
    for name, ask in questions(plan).items():
        start = time.perf_counter()
        ask(Asked(plan, DAY))
        took[name] = time.perf_counter() - start
    json.dump(took, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
