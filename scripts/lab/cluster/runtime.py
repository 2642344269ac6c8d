# SPDX-License-Identifier: AGPL-3.0-or-later
"""The seam between a lab cluster and what runs its guests: what a started VM is told, and how its firewall looks.

A cluster process calls one object that keeps the `GuestRuntime` protocol, from one thread, never two calls at once.
Its class is named in the spec as `"module:Class"` and made with the spec's `runtime_options`. How a guest really
runs (network namespaces, nftables) stands elsewhere; without a runtime a started VM is only a state.
"""

from __future__ import annotations

import importlib
from dataclasses import asdict, dataclass
from typing import Any, Protocol, cast

Entry = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Nic:
    """A network card: what it is called in the config, where it hangs, whether the firewall looks at it."""

    name: str
    mac: str
    bridge: str
    # VLAN tag of the vnet behind the bridge; 0 for an untagged bridge
    tag: int
    firewall: bool
    link_down: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FirewallSnapshot:
    """All that decides what a VM may send and receive; the names and values are those of PVE's API.

    Aliases: name (lower case) -> `{name, cidr, comment?}`. Ipsets: name -> list of `{cidr, nomatch?, comment?}`.
    Groups: name -> rules. Rules are in the order in which they are looked at. Options hold only what was set: PVE's
    defaults apply to the rest (cluster `enable` 0, `policy_in` DROP, `policy_out` ACCEPT; VM `enable` 0,
    `policy_in` DROP, `policy_out` ACCEPT, `macfilter` 1, `ipfilter` 0, `dhcp` 0, `ndp` 1).
    """

    cluster_options: Entry
    cluster_aliases: dict[str, Entry]
    cluster_ipsets: dict[str, list[Entry]]
    groups: dict[str, list[Entry]]
    node_options: Entry
    vm_options: Entry
    vm_rules: list[Entry]
    vm_aliases: dict[str, Entry]
    vm_ipsets: dict[str, list[Entry]]
    nics: tuple[Nic, ...]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> FirewallSnapshot:
        """What `to_dict` gave, also after JSON."""
        return cls(**{**data, "nics": tuple(Nic(**nic) for nic in data["nics"])})


class GuestRuntime(Protocol):
    """What runs the guests of one cluster."""

    def start(self, vmid: int, node: str, config: dict[str, Any], firewall: FirewallSnapshot) -> None:
        """Run the guest; an exception fails PVE's start task with its text. A guest that runs already is replaced."""

    def stop(self, vmid: int) -> None:
        """End the guest; no error when it does not run."""

    def firewall_changed(self, vmid: int, firewall: FirewallSnapshot) -> None:
        """Enforce this firewall from now on; called only for a running guest, only when something differs."""


def load_runtime(name: str, options: dict[str, Any]) -> GuestRuntime:
    """The runtime that a spec names, made with its options."""
    module, _, attribute = name.partition(":")
    if not attribute:
        raise ValueError(f'runtime {name!r} is no factory; write "module:Class"')
    return cast("GuestRuntime", getattr(importlib.import_module(module), attribute)(**options))
