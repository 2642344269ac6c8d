# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run shares: connection, lists, locks, the end of the run, where VMs live. Made once by Configure."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from .client import retry, task
from .client.api import Api
from .client.connect import Settings
from .client.lists import Lists
from .client.lock import SDN, Locks
from .client.stop import Stop
from .errors import TaskFailed
from .settle import Settle

RESOURCES = "/cluster/resources"


class Run:
    """The tools of the handlers."""

    def __init__(self, settings: Settings, stop: Stop) -> None:
        self.settings, self.stop = settings, stop
        self.api = Api(settings, stop)
        self.lists = Lists(self.api)
        self.locks = Locks()
        self.sdn = Settle(self.apply_sdn)
        self._guard = threading.Lock()
        self._nodes: dict[int, str] = {}
        self._untouched: set[str] = set()

    def wait(self, answer: Any, what: str) -> None:
        """Wait for the task that an answer names."""
        task.wait(self.api, self.stop, answer, what)

    def act(self, call: Callable[[], Any], what: str) -> Any:
        """Start a task, wait for it and return its id; when it failed because someone held a lock, start it again."""
        deadline = time.monotonic() + retry.REPEATABLE.lock_seconds
        for pause in retry.pauses():
            answer = call()
            try:
                self.wait(answer, what)
            except TaskFailed as error:
                if not retry.speaks_of_lock(str(error)) or time.monotonic() > deadline:
                    raise
            else:
                return answer
            self.stop.pause(pause)
        return None

    def apply_sdn(self) -> None:
        """Make the SDN's pending configuration the running one."""
        with self.locks.hold(SDN):
            self.act(lambda: self.api.put("/cluster/sdn"), "apply the SDN configuration")
        self.lists.forget("/cluster/sdn/zones", "/cluster/sdn/vnets")

    def finish(self) -> None:
        """At the end of the run: apply SDN deletes that still wait for it."""
        if self.sdn.pending():
            self.stop.finish()
            self.sdn.flush()

    def guests(self) -> dict[int, dict[str, Any]]:
        """The cluster's guests by VMID, wherever they live and whether their node is up or not."""
        rows = self.lists.rows(RESOURCES, type="vm")
        return {int(row["vmid"]): row for row in rows if "vmid" in row}

    def place(self, vmid: int, node: str | None) -> None:
        """Remember where a VM lives now; None that it is gone."""
        with self._guard:
            if node is None:
                self._nodes.pop(vmid, None)
            else:
                self._nodes[vmid] = node
        self.lists.forget(RESOURCES)

    def node_of(self, vmid: int) -> str | None:
        """The node on which a VM lives, None if there is no such VM."""
        with self._guard:
            if vmid in self._nodes:
                return self._nodes[vmid]
        row = self.guests().get(vmid)
        return str(row["node"]) if row else None

    def made(self, name: str) -> None:
        """Remember that this run made something empty, so that its first filling need not look."""
        with self._guard:
            self._untouched.add(name)

    def untouched(self, name: str) -> bool:
        """Whether this run made it and did not fill it yet; asked once."""
        with self._guard:
            if name in self._untouched:
                self._untouched.discard(name)
                return True
            return False
