# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps a VM alive beside its own host: HA, replicas in the cluster, backups (PVE's words and shapes)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class HighAvailability:
    """A VM under PVE's HA manager, with the replica that lets another host take over (CLD-2).

    A strict node-affinity rule keeps it on the hosts that hold its disks: local storage, so a third host has nothing
    to start (``/cluster/ha/resources``, ``/cluster/ha/rules``, ``/cluster/replication``).

    Attributes:
        state: what HA is asked for: the site role wants it running or not.
        home: the host it is made on; preferred.
        replica: the host that ``pvesr`` copies its disks to.
        schedule: PVE calendar event of the copies, ``*/5``.
        minutes: the same in minutes: what an HA recovery may lose.
    """

    state: Literal["started", "stopped"]
    home: str
    replica: str
    schedule: str
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupJob:
    """One vzdump job over a tenant's pool (``/cluster/backup``).

    Attributes:
        id: PVE's job id.
        schedule: calendar event, in the hosts' local time.
        keep: ``prune-backups`` as pairs, e.g. ``(("keep-daily", 7),)``, sorted.
        comment: why; ends up in ``comment``.
    """

    id: str
    pool: str
    storage: str
    schedule: str
    keep: tuple[tuple[str, int], ...]
    comment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """A storage that this project adds to a cluster; the installer's own are not touched (``/storage``).

    Attributes:
        content: PVE's content types, sorted.
        path: of a ``dir`` storage.
        machine: what other machine the folder is mounted from; ``None`` is each host's own disk.
    """

    name: str
    kind: Literal["dir"]
    path: str
    machine: str | None
    content: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An API token of its own for one tool, with no more than the tool needs (design, rule 8).

    Attributes:
        user: ``monitor@pve``; the user is made with it and has no password.
        token: the token's name.
        role: a role of PVE or of the Plan.
        path: where the role holds.
    """

    user: str
    token: str
    role: str
    path: str
    comment: str
