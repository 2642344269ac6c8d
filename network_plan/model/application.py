# SPDX-License-Identifier: GPL-3.0-or-later
"""A decided application: a row of the master plan's table, with the VMs that carry it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """One row of table 4.3 (Perbup 253/2019 §4.5).

    Attributes:
        state: ``exists`` or ``planned``.
        kind: ``application``, ``service``, ``policy`` or ``external``; only the first two get VMs.
        hosting: ``own`` or ``third_party``: where it runs today.
        middleware: other tenants' systems call it.
        vms: keys of its VMs, sorted.
        cores, memory_mib, disk_gib: what a planned one is counted with; ``None`` where it needs nothing of its own.
        twin: whether its priority asks for room in the recovery cluster too.
    """

    key: str
    title: str
    theme: str
    state: str
    priority: int
    kind: str
    owner: str
    owner_source: str
    hosting: str
    middleware: bool
    vms: tuple[str, ...]
    cores: int | None
    memory_mib: int | None
    disk_gib: int | None
    size_source: str | None
    twin: bool
    note: str | None
    source: str
