# SPDX-License-Identifier: GPL-3.0-or-later
"""A flow with its reason: what both walls, DNS views and ``awan reach`` are compiled from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from network_plan.model.network import IpNetwork
from network_plan.model.service import Service


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One side of a flow, resolved.

    Attributes:
        text: as declared, made absolute (``vm:dukcapil/siak``).
        prefixes: what it means; empty for ``internet`` and ``gateway``.
        networks: keys of the networks that hold it.
        vm: key of the VM where it is one.
    """

    text: str
    kind: Literal["internet", "gateway", "networks", "vm"]
    prefixes: tuple[IpNetwork, ...]
    networks: tuple[str, ...]
    vm: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Who may reach what, why, owned by whom, until when.

    Attributes:
        kind: ``flow`` as declared, ``publish`` or ``egress`` where it follows from a publication.
        owner: the tenant that declared it; the operator for ``services.yml``.
    """

    key: str
    kind: Literal["flow", "publish", "egress"]
    sources: tuple[Endpoint, ...]
    target: Endpoint
    services: tuple[Service, ...]
    until: date | None
    why: str
    owner: str
