# SPDX-License-Identifier: GPL-3.0-or-later
"""By which objects of the page the words of ``reach`` and ``diff`` are drawn. Reads both, asks neither."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network

from network_plan.model.network import IpNetwork
from network_plan.model.plan import Plan
from network_plan.render.map.routes import guest_id

_ROLES = {"offices": ("office",), "servers": ("servers", "dmz"), "management": ("management",)}
_KINDS = {
    "tenant": "tenant",
    "network": "network",
    "flow": "flow",
    "cluster": "cluster",
    "application": "application",
}


def _prefix(word: str) -> IpNetwork | None:
    try:
        return ip_network(word)
    except ValueError:
        return None


def _holds(whole: IpNetwork, part: IpNetwork) -> bool:
    return whole.version == part.version and whole.supernet_of(part)  # type: ignore[arg-type]


class Names:
    """The objects of one Plan by the words of others."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._running = {guest.key: guest_id(guest) for guest in plan.guests if guest.running}
        self._guests = {f"{guest.key} in {guest.cluster}": guest_id(guest) for guest in plan.guests}
        self._public = {public.name: f"public:{public.address}" for public in plan.public}

    def target(self, key: str) -> Iterator[str]:
        """What packets are delivered to, as ``reach`` names it."""
        kind, _, name = key.partition(":")
        if kind == "vm":
            yield self._running[name]
        else:
            yield f"cluster:{name}" if kind == "hosts" else key

    def source(self, word: str) -> Iterator[str]:
        """Where packets come from, as its rows name it: a network, all of a role, a VM, the internet, a prefix."""
        word = word.partition(" but ")[0]
        prefix = _prefix(word)
        for network in self._plan.networks:
            within = prefix is not None and any(_holds(whole, prefix) for whole in network.prefixes)
            if within or network.role in _ROLES.get(word, ()) or network.key == word:
                yield f"network:{network.key}"
        if word in self._running:
            yield self._running[word]
        if word == "internet":
            yield word

    def thing(self, noun: str, key: str) -> str | None:
        """A thing of a comparison; ``None`` where the page has no object for it."""
        if noun == "VM":
            return self._guests.get(key)
        if noun == "host":
            name, _, cluster = key.partition(" in ")
            return f"host:{cluster}/{name}"
        if noun == "public address":
            return self._public.get(key)
        if noun == "gateway":
            return f"gateway:{key}"
        kind = _KINDS.get(noun)
        return None if kind is None else f"{kind}:{key}"
