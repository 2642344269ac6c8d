# SPDX-License-Identifier: AGPL-3.0-or-later
"""A guest runtime that runs nothing and writes down what it is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from scripts.lab.cluster.runtime import FirewallSnapshot


class Diary:
    """One JSON line per call; refuses to start VM 666."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)

    def _write(self, *entry: Any) -> None:
        with self.path.open("a") as out:
            out.write(json.dumps(entry) + "\n")

    def start(self, vmid: int, node: str, config: dict[str, Any], firewall: FirewallSnapshot) -> None:
        if vmid == 666:
            raise RuntimeError("no room for the beast")
        self._write("start", vmid, node, config, firewall.to_dict())

    def stop(self, vmid: int) -> None:
        self._write("stop", vmid)

    def firewall_changed(self, vmid: int, firewall: FirewallSnapshot) -> None:
        self._write("firewall", vmid, firewall.to_dict())
