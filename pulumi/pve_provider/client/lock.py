# SPDX-License-Identifier: GPL-3.0-or-later
"""Locks inside the provider, so that its own parallel work never waits for PVE's short lock times."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

ACCESS = "access"
FIREWALL = "firewall"
HA = "ha"
JOBS = "jobs"
REPLICATION = "replication"
SDN = "sdn"
STORAGE = "storage"

ALLOCATIONS_PER_STORAGE = 2
"""Images written at once to one storage of one node; more would only wait for the same disks."""


class Locks:
    """Locks by name: one holder each, or a bounded number per storage."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._locks: dict[str, threading.Semaphore] = {}

    def _get(self, name: str, holders: int) -> threading.Semaphore:
        with self._guard:
            return self._locks.setdefault(name, threading.Semaphore(holders))

    @contextmanager
    def hold(self, name: str) -> Iterator[None]:
        """One at a time: PVE has one lock for this file."""
        with self._get(name, 1):
            yield

    @contextmanager
    def storages(self, node: str, names: set[str]) -> Iterator[None]:
        """A few at a time on each of these storages, taken in sorted order."""
        with ExitStack() as stack:
            for name in sorted(names):
                stack.enter_context(self._get(f"storage {node} {name}", ALLOCATIONS_PER_STORAGE))
            yield
