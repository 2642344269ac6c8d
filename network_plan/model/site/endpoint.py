# SPDX-License-Identifier: GPL-3.0-or-later
"""The words for the two ends of a flow, taken apart; what they mean in addresses is derived later.

=====================  ==============================================================
``internet``           everything beyond the gateway's WAN
``offices``            every office network of every tenant
``servers``            every network of role servers or dmz
``management``         every management network
``gateway``            the gateway itself (only as a target)
``office:T[/NAME]``    the offices of tenant T, or one of them
``network:T/NAME``     one network
``vm:[T/]NAME``        one VM; without T, one of the tenant that declares the flow
=====================  ==============================================================
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache


class EndpointKind(str, Enum):
    """The first word of an endpoint."""

    INTERNET = "internet"
    OFFICES = "offices"
    SERVERS = "servers"
    MANAGEMENT = "management"
    GATEWAY = "gateway"
    OFFICE = "office"
    NETWORK = "network"
    VM = "vm"


_ALONE = frozenset(
    {
        EndpointKind.INTERNET,
        EndpointKind.OFFICES,
        EndpointKind.SERVERS,
        EndpointKind.MANAGEMENT,
        EndpointKind.GATEWAY,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointRef:
    """A parsed endpoint: ``tenant`` and ``name`` are empty where the kind has none."""

    kind: EndpointKind
    tenant: str = ""
    name: str = ""

    @property
    def key(self) -> str:
        """``tenant/name`` of a VM or network."""
        return f"{self.tenant}/{self.name}"

    def __str__(self) -> str:
        """The absolute text, the same for every way to write it."""
        if self.kind in _ALONE:
            return self.kind.value
        return f"{self.kind.value}:{self.tenant}" + (f"/{self.name}" if self.name else "")


def pve_name(text: str) -> str:
    """An absolute endpoint as the name of an alias or ipset in PVE: ``vm:rsud/simrs`` → ``vm-rsud-simrs``."""
    return text.replace(":", "-").replace("/", "-")


@lru_cache(maxsize=100_000)
def parse_endpoint(text: str, tenant: str) -> EndpointRef:
    """Take an endpoint apart.

    Args:
        text: as written.
        tenant: the tenant in whose file it stands, for ``vm:NAME``.

    Raises:
        ValueError: it is none of the words above.
    """
    word, colon, rest = text.partition(":")
    try:
        kind = EndpointKind(word)
    except ValueError:
        words = [item.value for item in EndpointKind]
        near = difflib.get_close_matches(word.lower(), words, n=1)
        cure = (
            f"did you mean '{near[0]}{colon}{rest}'?" if near else f"it begins with one of {', '.join(words)}"
        )
        raise ValueError(f"{text!r} is no endpoint; {cure}") from None
    if kind in _ALONE:
        if colon:
            raise ValueError(f"{text!r} is no endpoint; {word!r} stands alone")
        return EndpointRef(kind=kind)
    owner, slash, name = rest.partition("/")
    if not owner or (slash and not name):
        raise ValueError(f"{text!r} is no endpoint; write {word}:TENANT/NAME")
    if kind is EndpointKind.VM and not slash:
        return EndpointRef(kind=kind, tenant=tenant, name=owner)
    if kind is EndpointKind.NETWORK and not slash:
        raise ValueError(f"{text!r} is no endpoint; write network:TENANT/NAME")
    return EndpointRef(kind=kind, tenant=owner, name=name)
