# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a lab's network consists of, as plain values that JSON can carry; building it stands in `build`.

The caller fills this in from the Plan; nothing here knows the Plan.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

Delivery = Literal["routed", "on_link"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """One VLAN: a bridge in its cluster's switch; `gateway` are the gateway's addresses in it, with prefix length."""

    vlan: int
    name: str
    gateway: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """The networks of one cluster (`dc` or `drc`)."""

    name: str
    networks: tuple[Network, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wan:
    """The line to the provider: both ends' addresses with prefix length, and how the public prefixes arrive."""

    gateway: tuple[str, ...]
    isp: tuple[str, ...]
    public: tuple[str, ...]
    delivery: Delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """A namespace with `wan0` and one `lan<vlan>` per network of its switch that has a gateway address."""

    name: str
    switch: str
    wan: Wan


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A machine that is only an address: on the internet, or in an office network."""

    name: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """The client in an office network; its addresses carry a prefix length."""

    switch: str
    vlan: int
    host: Host


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """The control node's place in the management network."""

    switch: str
    vlan: int
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fabric:
    """The whole network of one lab."""

    prefix: str
    switches: tuple[Switch, ...]
    gateways: tuple[Gateway, ...]
    control: Control
    internet: tuple[Host, ...] = ()
    offices: tuple[Office, ...] = ()

    def switch(self, name: str) -> Switch:
        """The switch of that name."""
        for switch in self.switches:
            if switch.name == name:
                return switch
        known = ", ".join(s.name for s in self.switches)
        raise ValueError(f"the fabric has no switch {name!r}; name one of: {known}")

    def network(self, switch: str, vlan: int) -> Network:
        """The network with that VLAN id."""
        for network in self.switch(switch).networks:
            if network.vlan == vlan:
                return network
        raise ValueError(f"switch {switch} has no VLAN {vlan}; add the network to the switch first")


def to_json(fabric: Fabric) -> str:
    """The spec as text; equal specs give equal bytes."""
    return json.dumps(asdict(fabric), indent=1, sort_keys=True) + "\n"


def save(fabric: Fabric, path: Path) -> None:
    """Writes the spec where the lab keeps it."""
    path.write_text(to_json(fabric), encoding="utf-8")


def load(path: Path) -> Fabric:
    """Reads what `save` wrote."""
    return from_dict(json.loads(path.read_text(encoding="utf-8")))


def from_dict(data: dict[str, Any]) -> Fabric:
    """A spec from its JSON form."""
    return Fabric(
        prefix=data["prefix"],
        switches=tuple(_switch(item) for item in data["switches"]),
        gateways=tuple(
            Gateway(name=item["name"], switch=item["switch"], wan=Wan(**_tuples(item["wan"])))
            for item in data["gateways"]
        ),
        control=Control(**_tuples(data["control"])),
        internet=tuple(_host(item) for item in data["internet"]),
        offices=tuple(
            Office(switch=item["switch"], vlan=item["vlan"], host=_host(item["host"]))
            for item in data["offices"]
        ),
    )


def _switch(item: dict[str, Any]) -> Switch:
    return Switch(name=item["name"], networks=tuple(Network(**_tuples(n)) for n in item["networks"]))


def _host(item: dict[str, Any]) -> Host:
    """A host; keys that an older version wrote are passed over, so that its lab can still be taken down."""
    return Host(name=item["name"], addresses=tuple(item["addresses"]))


def _tuples(item: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in item.items()}
